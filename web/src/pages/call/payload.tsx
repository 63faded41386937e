import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { json } from '../../api/client'
import type { Body, Detail, Entry, Message } from '../../api/model'
import { useMay, useNeedsReason } from '../../app/session'
import { Code } from '../../ui/copy'
import { bytes } from '../../ui/format'
import { Panel, Pairs } from '../../ui/panel'
import { Answer, Empty } from '../../ui/state'
import { Tabs } from '../../ui/tabs'
import { Gone } from './gone'

/** Headers and bodies. They are asked for apart, with a reason where one is needed, and only when somebody wants to see them. */
export function PayloadPanel({ record }: { record: Entry }) {
  const may = useMay()
  const needed = useNeedsReason()
  const [reason, setReason] = useState<string>()
  const ask = needed('view-payload') || needed('view')
  const payload = useQuery({
    queryKey: ['payload', record.number, reason],
    enabled: reason !== undefined,
    queryFn: ({ signal }) => json<Detail>(`/api/v1/events/${record.number}`, { signal, ...(reason ? { reason } : {}) }),
    staleTime: Infinity,
    gcTime: 0,
  })
  if (!record.header.commit?.payload) {
    return (
      <Panel title="Headers and bodies">
        <p className="muted">None were recorded of this call.</p>
      </Panel>
    )
  }
  if (record.erased?.includes('payload')) {
    return (
      <Panel title="Headers and bodies">
        <Gone record={record} name="payload" />
      </Panel>
    )
  }
  if (!may('view-payload')) {
    return (
      <Panel title="Headers and bodies">
        <Empty title="Your role does not see payloads">An investigator or an administrator does. What is here says all that the role shows of them.</Empty>
        <Sizes record={record} />
      </Panel>
    )
  }
  if (reason === undefined) {
    return (
      <Panel title="Headers and bodies">
        <p>They were redacted before they were recorded, and may be personal all the same. That you look at them is sealed in the record.</p>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault()
            setReason(String(new FormData(event.currentTarget).get('reason') ?? ''))
          }}
        >
          {ask && (
            <>
              <label className="hidden" htmlFor="payload-reason">
                Why you look
              </label>
              <input id="payload-reason" name="reason" className="input" style={{ flex: 1, minWidth: 160, width: 'auto' }} required maxLength={500} placeholder="Why you look; this is sealed, too" />
            </>
          )}
          <button type="submit" className="button">
            Show headers and bodies
          </button>
        </form>
        <Sizes record={record} />
      </Panel>
    )
  }
  return (
    <Panel title="Headers and bodies">
      <Answer query={payload} what="headers and bodies">
        {(detail) => (detail.record.payload ? <Messages record={detail.record} /> : <Empty title="They are withheld">{detail.note ?? 'Your role does not see payloads, or a reason is asked for.'}</Empty>)}
      </Answer>
    </Panel>
  )
}

/** How much passed, which the header says. */
function Sizes({ record }: { record: Entry }) {
  const size = (body: Body | undefined) => body?.bytes !== undefined && `${bytes(body.bytes)}${body.type ? ` of ${body.type}` : ''}${body.truncated ? ', not all of it recorded' : ''}`
  return (
    <Pairs
      list={[
        ['Request', size(record.header.request)],
        ['Answer', size(record.header.response)],
      ]}
    />
  )
}

function Messages({ record }: { record: Entry }) {
  const [tab, setTab] = useState('response')
  const { payload, header } = record
  const tabs = [
    ...(payload?.request ? [{ id: 'request', title: 'Request' }] : []),
    ...(payload?.response ? [{ id: 'response', title: 'Answer' }] : []),
    ...(payload?.original ? [{ id: 'original', title: 'Original record' }] : []),
  ]
  const current = tabs.some((each) => each.id === tab) ? tab : (tabs[0]?.id ?? '')
  return (
    <Tabs tabs={tabs} current={current} onChange={setTab} label="Headers and bodies">
      {current === 'original' ? <Code text={payload?.original ?? ''} label="original record" wrap /> : current === 'request' ? <MessageView message={payload?.request} body={header.request} name="request" /> : <MessageView message={payload?.response} body={header.response} name="answer" />}
    </Tabs>
  )
}

function MessageView({ message, body, name }: { message: Message | undefined; body: Body | undefined; name: string }) {
  const text = message?.rendered || message?.body || ''
  return (
    <>
      {(message?.headers?.length ?? 0) > 0 && (
        <div className="scroll">
          <table className="table headers">
            <caption className="hidden">Header fields of the {name}</caption>
            <tbody>
              {[...(message?.headers ?? []), ...(message?.trailers ?? [])].map((line, i) => (
                <tr key={i}>
                  <th scope="row" className="mono">
                    {line.name}
                  </th>
                  <td className="mono">{line.value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {body?.truncated && <div className="notice warn">Not all of the body was recorded. {bytes(body.bytes ?? 0)} passed; the hash below is of all of it.</div>}
      {message?.encoding && !message.rendered && <div className="notice">The body is not text: it is shown as {message.encoding}.</div>}
      {text ? <Code text={pretty(text)} label={`body of the ${name}`} wrap /> : <p className="muted">No body.</p>}
      {message?.sha256 && <p className="muted small mono">SHA-256 {message.sha256}</p>}
    </>
  )
}

/** JSON with line breaks; all else as it is. */
export function pretty(text: string): string {
  if (text.length > 1_000_000 || !/^\s*[[{]/.test(text)) return text
  // Numbers must stay as they were sent, so that only what survives is laid out.
  try {
    const value: unknown = JSON.parse(text)
    const packed = JSON.stringify(value)
    return packed.length === text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1').length ? JSON.stringify(value, null, 2) : text
  } catch {
    return text
  }
}
