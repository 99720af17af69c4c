import { element } from "../shared/dom.js";

/** The time under the pointer, wherever in the plot area it is. */
function timeAt(box, event) {
  const area = box.querySelector(".nsewdrag").getBoundingClientRect();
  return box._fullLayout.xaxis.p2d(event.clientX - area.left);
}

/** Keeps a line at the second of the last "playhead" event; a click becomes a "seek" event. */
export function keepPlayhead(box) {
  const line = element("div", "playhead");
  line.hidden = true;
  box.append(line);
  let seconds = null;
  const place = () => {
    if (seconds === null || !box._fullLayout) return;
    const { xaxis, _size: size } = box._fullLayout;
    const x = xaxis.d2p(seconds);
    line.hidden = x < 0 || x > xaxis._length;
    line.style.transform = `translateX(${xaxis._offset + x}px)`;
    line.style.top = `${size.t}px`;
    line.style.height = `${size.h}px`;
  };
  box.addEventListener("playhead", (event) => {
    seconds = event.detail.seconds;
    place();
  });
  box.on("plotly_afterplot", () => {
    if (!line.isConnected) box.append(line);
    place();
  });
  box.on("plotly_click", (event) => {
    box.dispatchEvent(new CustomEvent("seek", { bubbles: true, detail: { seconds: timeAt(box, event.event) } }));
  });
}
