import { useEffect, useState } from 'react'

/** Whether what is there has been painted. Hidden pages are not. */
export function usePainted(there: boolean): boolean {
  const [painted, setPainted] = useState(false)
  useEffect(() => {
    if (!there) {
      setPainted(false)
      return
    }
    // A frame is painted after its callbacks, and before the next task.
    let task: ReturnType<typeof setTimeout> | undefined
    const frame = requestAnimationFrame(() => (task = setTimeout(() => setPainted(true))))
    return () => {
      cancelAnimationFrame(frame)
      clearTimeout(task)
    }
  }, [there])
  return there && painted
}
