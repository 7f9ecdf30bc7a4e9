// What a client program prints: a line for each thing that it tried.
let failures = 0

export async function attempt(what, fn) {
  try {
    await fn()
    console.log('ok', what)
  } catch (e) {
    failures++
    const where = (e.stack ?? '').split('\n').find((line) => line.includes('main.mjs')) ?? ''
    console.log(`FAILED ${what}: ${String(e.message).split('\n').slice(0, 6).join(' | ')} ${where}`)
  }
}

export const finish = () => process.exit(failures ? 1 : 0)
