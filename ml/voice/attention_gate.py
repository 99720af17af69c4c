"""The attention-gate cell run over time, with its gradient written out.

Automatic differentiation through a loop of small steps spends most of its time on bookkeeping; with the gradient by
hand the weights' gradients become one matrix product over all steps, and training is several times as fast.
"""

from typing import Any

import torch
from torch import Tensor


@torch.jit.script
def _tanh(values: Tensor) -> Tensor:
    """tanh by way of the sigmoid, which torch computes several times faster on a CPU."""
    return 2 * torch.sigmoid(2 * values) - 1


@torch.jit.script
def _run(  # noqa: PLR0917 - TorchScript knows no keyword-only arguments
    projected: Tensor, recurrent: Tensor, from_cell: Tensor, to_gate: Tensor, gate_bias: Tensor, keep: bool
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """All steps forward: h and a, each of shape (T, D, B, H), and, if ``keep``, c, q, n, o for the way back.

    q = tanh(W c + ...), n = c~.
    """
    h = torch.zeros_like(projected[0, :, :, : recurrent.shape[1]])
    c = torch.zeros_like(h)
    hs: list[Tensor] = []
    cs: list[Tensor] = []
    qs: list[Tensor] = []
    gates: list[Tensor] = []
    ns: list[Tensor] = []
    os: list[Tensor] = []
    for step in projected.unbind(0):
        before, candidate, output = torch.baddbmm(step, h, recurrent).chunk(3, -1)
        q = _tanh(torch.baddbmm(before, c, from_cell))
        gate = torch.sigmoid(torch.baddbmm(gate_bias, q, to_gate))
        n = _tanh(candidate)
        c = n + gate * (c - n)
        o = torch.sigmoid(output)
        h = o * _tanh(c)
        hs.append(h)
        gates.append(gate)
        if keep:
            cs.append(c)
            qs.append(q)
            ns.append(n)
            os.append(o)
    saved: list[Tensor] = []
    if keep:
        saved = [torch.stack(cs), torch.stack(qs), torch.stack(ns), torch.stack(os)]
    return torch.stack(hs), torch.stack(gates), saved


@torch.jit.script
def _run_back(  # noqa: PLR0917 - TorchScript knows no keyword-only arguments
    grad: Tensor,
    c: Tensor,
    q: Tensor,
    gate: Tensor,
    n: Tensor,
    o: Tensor,
    recurrent: Tensor,
    from_cell: Tensor,
    to_gate: Tensor,
) -> tuple[Tensor, Tensor]:
    """All steps backward: gradients of the summed inputs (T, D, B, 3 H) and of the gate's argument (T, D, B, H)."""
    m = _tanh(c)
    c_before = torch.cat([torch.zeros_like(c[:1]), c[:-1]])
    to_output = m * o * (1 - o)
    to_cell = o * (1 - m * m)
    to_gate_sum = (c_before - n) * gate * (1 - gate)
    to_candidate = (1 - gate) * (1 - n * n)
    to_q_sum = 1 - q * q
    back_recurrent = recurrent.transpose(1, 2).contiguous()
    back_cell = from_cell.transpose(1, 2).contiguous()
    back_gate = to_gate.transpose(1, 2).contiguous()
    dh = torch.zeros_like(c[0])
    dc = torch.zeros_like(dh)
    sums: list[Tensor] = []
    gate_sums: list[Tensor] = []
    for t in range(c.shape[0] - 1, -1, -1):
        dh = dh + grad[t]
        dc = dc + dh * to_cell[t]
        d_gate = dc * to_gate_sum[t]
        d_q = torch.bmm(d_gate, back_gate) * to_q_sum[t]
        d_sum = torch.cat([d_q, dc * to_candidate[t], dh * to_output[t]], dim=-1)
        dc = torch.baddbmm(dc * gate[t], d_q, back_cell)
        dh = torch.bmm(d_sum, back_recurrent)
        sums.append(d_sum)
        gate_sums.append(d_gate)
    return torch.stack(sums).flip(0), torch.stack(gate_sums).flip(0)


class _AttentionGateScan(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - the signature torch.autograd asks for
        ctx: Any, projected: Tensor, recurrent: Tensor, from_cell: Tensor, to_gate: Tensor, gate_bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        h, gate, saved = _run(projected, recurrent, from_cell, to_gate, gate_bias, any(ctx.needs_input_grad))
        if saved:
            c, q, n, o = saved
            ctx.save_for_backward(h, c, q, gate, n, o, recurrent, from_cell, to_gate)
        ctx.mark_non_differentiable(gate)
        return h, gate

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        h, c, q, gate, n, o, recurrent, from_cell, to_gate = ctx.saved_tensors
        d_sum, d_gate = _run_back(grads[0].contiguous(), c, q, gate, n, o, recurrent, from_cell, to_gate)
        d_recurrent = _over_time(_delayed(h), d_sum)
        d_from_cell = _over_time(_delayed(c), d_sum[..., : c.shape[-1]])
        return d_sum, d_recurrent, d_from_cell, _over_time(q, d_gate), d_gate.sum(dim=(0, 2)).unsqueeze(1)


def attention_gate_scan(
    projected: Tensor, recurrent: Tensor, from_cell: Tensor, to_gate: Tensor, gate_bias: Tensor
) -> tuple[Tensor, Tensor]:
    """Run the attention-gate cell over time, several directions side by side.

    For every direction, with x_t's share and the biases already in ``projected`` (the P x_t + b below):

    - a_t = sigmoid(V tanh(W c_{t-1} + U_a h_{t-1} + P_a x_t + b) + b_a): the attention gate, from the cell state;
    - c~_t = tanh(U_c h_{t-1} + P_c x_t + b): the candidate;
    - c_t = a_t * c_{t-1} + (1 - a_t) * c~_t: what the gate does not keep, the candidate fills;
    - o_t = sigmoid(U_o h_{t-1} + P_o x_t + b), h_t = o_t * tanh(c_t).

    Args:
        projected: shape (T, D, B, 3 H): directions D, batch B, parts in the order gate, candidate, output.
        recurrent: U, shape (D, H, 3 H).
        from_cell: W, shape (D, H, H).
        to_gate: V, shape (D, H, H).
        gate_bias: b_a, shape (D, 1, H).

    Returns:
        (h, a): states and gate values (0-1), both of shape (T, D, B, H); no gradient flows through the second.
    """
    return _AttentionGateScan.apply(projected, recurrent, from_cell, to_gate, gate_bias)


def _delayed(values: Tensor) -> Tensor:
    """What each step had before it: zeros first, the last one left out."""
    return torch.cat([torch.zeros_like(values[:1]), values[:-1]])


def _over_time(inputs: Tensor, gradients: Tensor) -> Tensor:
    """sum over t and b of inputs^T gradients: (T, D, B, I), (T, D, B, J) -> (D, I, J)."""
    left = inputs.permute(1, 3, 0, 2).flatten(2)
    right = gradients.permute(1, 0, 2, 3).flatten(1, 2)
    return torch.bmm(left, right)
