import { useCallback, useEffect, useState, type RefObject } from 'react'

const beyond = 8 // rows that are drawn above and below what is in sight
const head = 28 // of the sticky heads of columns

/**
 * Which rows of a list are in sight: from, to (exclusive), and how to bring one
 * into sight. All rows are of one height, so that it costs the same for any
 * number of rows, also when they change with each frame.
 */
export function useWindow(scroller: RefObject<HTMLElement | null>, count: number, height: number): [number, number, (index: number) => void] {
  const [top, setTop] = useState(0) // in rows
  const [fits, setFits] = useState(40)
  useEffect(() => {
    const box = scroller.current
    if (!box) return
    const scrolled = () => setTop(Math.floor(box.scrollTop / height))
    const resized = new ResizeObserver(() => setFits(Math.ceil(box.clientHeight / height)))
    box.addEventListener('scroll', scrolled, { passive: true })
    resized.observe(box)
    scrolled()
    return () => {
      box.removeEventListener('scroll', scrolled)
      resized.disconnect()
    }
  }, [scroller, height])
  const show = useCallback(
    (index: number) => {
      const box = scroller.current
      if (!box) return
      if (index * height < box.scrollTop) box.scrollTop = index * height
      else if ((index + 1) * height > box.scrollTop + box.clientHeight - head) box.scrollTop = (index + 1) * height - box.clientHeight + head
    },
    [scroller, height],
  )
  const from = Math.max(0, Math.min(top, count) - beyond)
  return [from, Math.min(count, top + fits + beyond), show]
}
