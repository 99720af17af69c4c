const two = (number) => String(number).padStart(2, "0");

/** The same to a tenth of a second, as it is typed: 4:05.5. */
export function exactClock(seconds) {
  const tenths = Math.round(seconds * 10);
  const rest = tenths % 10;
  return clock(Math.floor(tenths / 10)) + (rest ? `.${rest}` : "");
}

/** Seconds as a video player shows them: 4:05, 1:04:05. */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const rest = two(whole % 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
