import { expect, it } from 'vitest'
import { MessageParser } from './stream'

const text = 'event: ping\ndata: {}\n\n: a comment\nevent: event\r\ndata: {"a":\r\ndata: 1}\r\n\r\n'

it('reads messages however the stream is cut', () => {
  for (let cut = 0; cut <= text.length; cut++) {
    const parser = new MessageParser()
    const got = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]
    expect(got).toEqual([
      { event: 'ping', data: '{}' },
      { event: 'event', data: '{"a":\n1}' },
    ])
  }
})

it('gives nothing of a message that is not whole', () => {
  expect(new MessageParser().push('event: event\ndata: {"a":1}\n')).toEqual([])
})
