// The engine leaves its time limits behind (10 s, 60 s), which the program would wait for at its end.
const { setTimeout } = globalThis
globalThis.setTimeout = (fn, ms, ...args) => {
  const timer = setTimeout(fn, ms, ...args)
  return ms >= 10000 ? timer.unref() : timer
}
