// A backtest that runs: what came of it so far, and how to end it.

import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError, send } from '../../api/client'
import { readLines } from '../../api/lines'
import type { Backtest, BacktestItem, BacktestProgress, BacktestResult, Finding } from '../../api/model'

export interface Tried {
  state: 'idle' | 'running' | 'done' | 'ended' | 'failed'
  progress?: BacktestProgress
  findings: readonly Finding[]
  result?: BacktestResult
  error?: unknown
}

const idle: Tried = { state: 'idle', findings: [] }

export function useBacktest(): [Tried, (ask: Backtest) => void, () => void] {
  const [tried, setTried] = useState(idle)
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])
  const end = useCallback(() => abort.current?.abort(), [])
  const run = useCallback((ask: Backtest) => {
    abort.current?.abort()
    const mine = (abort.current = new AbortController())
    let now: Tried = { state: 'running', findings: [] }
    // Findings can come by the hundred: they are drawn a few times a second.
    let drawn = 0
    const draw = (next: Tried, always = false) => {
      now = next
      if (abort.current !== mine || (!always && performance.now() - drawn < 150)) return
      drawn = performance.now()
      setTried(now)
    }
    const take = (item: BacktestItem) => {
      if (item.problem) throw new ApiError(item.problem)
      if (item.progress) draw({ ...now, progress: item.progress })
      if (item.finding) draw({ ...now, findings: [...now.findings, item.finding] })
      if (item.result) draw({ ...now, state: 'done', result: item.result }, true)
    }
    draw(now, true)
    send('/api/v1/backtest', { method: 'POST', body: ask, signal: mine.signal })
      .then((response) => readLines<BacktestItem>(response, take))
      .then(() => {
        if (now.state === 'running') draw({ ...now, state: 'failed', error: new Error('the answer broke off') }, true)
      })
      .catch((error: unknown) => draw(mine.signal.aborted ? { ...now, state: 'ended' } : { ...now, state: 'failed', error }, true))
  }, [])
  return [tried, run, end]
}
