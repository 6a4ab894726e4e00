// What the Node programs share: telling stories as TAP, and what stories are made of. The clients' folders link to this
// file. A story passes when its promise resolves, is skipped by skip(), and fails with any other rejection.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export const BOOTSTRAP = process.env.COMPAT_BOOTSTRAP ?? '127.0.0.1:9092'
const CONTROL = process.env.COMPAT_CONTROL ?? ''
const STORY_TIMEOUT_MS = 60_000
export const WAIT_MS = 20_000

class Skip extends Error {}

export const equal = assert.deepEqual
export const unique = prefix => `${prefix}-${randomBytes(5).toString('hex')}`
export const numbers = (from, to) => Array.from({ length: to - from }, (_, i) => String(from + i))

export function skip(reason) {
  throw new Skip(reason)
}

export async function waitUntil(what, condition, timeout = WAIT_MS) {
  for (const deadline = Date.now() + timeout; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`waited ${timeout / 1000} s for ${what}`)
  }
}

/** The error that a promise is rejected with; complains when it is not. */
export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('was not refused')
}

export function requireControl() {
  if (!CONTROL) skip('the broker is not ours to restart')
}

/** Has the runner stop the broker and start it again on the same port and data. */
export async function restartBroker() {
  requireControl()
  const answer = await fetch(`${CONTROL}/restart`, { method: 'POST' })
  equal(answer.status, 200)
}

/** Tells the stories, an object of functions in the order of the report. */
export async function tellAll(stories) {
  const only = (process.env.COMPAT_ONLY ?? '').split(',').filter(Boolean)
  const names = Object.keys(stories).filter(name => !only.length || only.includes(name))
  console.log(`1..${names.length}`)
  for (const [i, name] of names.entries()) {
    const late = new Promise((_, reject) => setTimeout(reject, STORY_TIMEOUT_MS, new Error('still running after 60 s')).unref())
    try {
      await Promise.race([stories[name](), late])
      console.log(`ok ${i + 1} - ${name}`)
    } catch (error) {
      if (error instanceof Skip) console.log(`ok ${i + 1} - ${name} # SKIP ${error.message}`)
      else console.log(`not ok ${i + 1} - ${name}\n# ${explain(error).replaceAll('\n', '\n# ')}`)
    }
  }
  process.exit(0) // a client's timers must not keep the program from ending
}

function explain(error) {
  const own = (error?.stack ?? '').split('\n').filter(line => line.includes('/program.mjs')).slice(0, 2)
  const inner = (error?.errors ?? []).map(e => `caused by ${e.message} ${(e.errors ?? []).map(x => x.message)}`)
  return [...own, String(error?.message ?? error), ...inner].join('\n')
}
