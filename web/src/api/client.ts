// The one way to the server: the public JSON API, with the session's cookie.

import type { Problem } from './model'

/** What a request ended with, other than the answer that was wanted. */
export class ApiError extends Error {
  /** Stable code: that of the API's problem, or unreachable, or unreadable. */
  readonly code: string
  /** Status of HTTP; 0 if there was no answer. */
  readonly status: number
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiError'
    this.problem = problem
    this.status = problem.status
    this.code = problem.type.replace(/^urn:gatebook:problem:/, '')
  }
}

export type Params = Record<string, string | number | boolean | readonly string[] | undefined>

export interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  params?: Params
  body?: unknown
  signal?: AbortSignal
  /** Why the reader looks, or does this. Sealed with the look or decision. */
  reason?: string
}

/** Makes the address of a request. Parameters that are empty are left out. */
export function url(path: string, params: Params = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    const text = Array.isArray(value) ? value.join(',') : value === undefined || value === false ? '' : String(value)
    if (text !== '') query.set(name, text)
  }
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

let standing = ''
const reasonChanged = new Set<() => void>()

/**
 * The reason that goes with each request that has none of its own, where this
 * installation asks for one. It is kept until the page is closed.
 */
export const standingReason = {
  get: (): string => standing,
  set: (reason: string): void => {
    standing = reason.trim()
    reasonChanged.forEach((tell) => tell())
  },
  subscribe: (tell: () => void): (() => void) => {
    reasonChanged.add(tell)
    return () => reasonChanged.delete(tell)
  },
}

/** Sends a request and returns the response if it is a success. */
export async function send(path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { 'Gatebook-Tool': 'console' }
  const reason = options.reason?.trim() || standing
  if (reason) headers['Gatebook-Reason'] = headerText(reason)
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  const init: RequestInit = { method: options.method ?? 'GET', headers, credentials: 'same-origin', cache: 'no-store', redirect: 'error' }
  if (options.body !== undefined) init.body = JSON.stringify(options.body)
  if (options.signal) init.signal = options.signal
  let response: Response
  try {
    response = await fetch(url(path, options.params), init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw unreachable()
  }
  if (response.ok) return response
  const failed = await problemOf(response)
  if (response.status === 401) signedOut.forEach((tell) => tell())
  throw failed
}

/** Sends a request and returns the JSON of the answer. */
export async function json<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options)
  if (response.status === 204) return undefined as T
  try {
    return (await response.json()) as T
  } catch {
    throw unreadable(response.status)
  }
}

const signedOut = new Set<() => void>()

/** Calls tell whenever an answer says that nobody is signed in. */
export function onSignedOut(tell: () => void): () => void {
  signedOut.add(tell)
  return () => signedOut.delete(tell)
}

/** Header values are Latin-1: what is beyond is sent as UTF-8 in percents. */
function headerText(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ')
  return /^[\x20-\x7e]*$/.test(line) ? line : encodeURIComponent(line).replace(/%20/g, ' ')
}

export function unreachable(): ApiError {
  return new ApiError({
    type: 'unreachable',
    title: 'No answer',
    status: 0,
    detail: 'Gatebook does not answer',
    help: 'It may be stopped, or the network may be down. Look at the process: gatebook serve writes why it ended.',
  })
}

export function unreadable(status: number): ApiError {
  return new ApiError({
    type: 'unreadable',
    title: 'Unexpected answer',
    status,
    detail: `the answer, with the status ${status}, is not what the API sends`,
    help: 'Something between this browser and Gatebook may have answered instead: a proxy, or a sign-in page.',
  })
}

async function problemOf(response: Response): Promise<ApiError> {
  const media = response.headers.get('Content-Type') ?? ''
  if (!media.startsWith('application/problem+json')) return response.status >= 502 && response.status <= 504 ? unreachable() : unreadable(response.status)
  try {
    return new ApiError((await response.json()) as Problem)
  } catch {
    return unreadable(response.status)
  }
}
