"""Which arithmetic suits a device."""

import torch


def fast_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16; a CPU without them is several times slower in it."""
    if device.type != "cpu":
        return True
    features = torch.cpu.get_capabilities()
    return bool(features.get("avx512_bf16") or features.get("amx_bf16"))


def autocast(device: torch.device) -> torch.autocast:
    """A context of bfloat16 arithmetic where the device is fast in it, of float32 elsewhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fast_in_bfloat16(device))
