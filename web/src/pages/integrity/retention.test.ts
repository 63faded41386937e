import { expect, test } from 'vitest'
import { spoken } from './retention'

test('says a duration as people do', () => {
  expect(['1h0m0s', '24h0m0s', '1h30m0s', '1m0s', '15s', 'soon'].map(spoken)).toEqual(['hour', '24 hours', '1 hour and 30 minutes', 'minute', '15 seconds', 'soon'])
})
