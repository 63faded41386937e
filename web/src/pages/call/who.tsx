import type { Entry } from '../../api/model'
import { address, Link } from '../../app/router'
import { term } from '../../ui/complete'
import { Copy } from '../../ui/copy'
import { methodWord } from '../../ui/credential'
import { Level, levelInfo } from '../../ui/level'
import { Pairs, Panel } from '../../ui/panel'
import { whoPath } from '../../ui/paths'
import { Time } from '../../ui/time'
import { Gone } from './gone'

/** Who made the call, and how that is known. */
export function WhoPanel({ record }: { record: Entry }) {
  const { principal, credential } = record.header
  const who = record.who
  const level = principal?.level ?? 0
  const verified = level >= 2
  return (
    <Panel
      title="Who"
      actions={
        <>
          {verified && principal?.id && <Link to={whoPath(principal.id)}>All about it</Link>}
          <Level level={level} reason={principal?.reason} />
        </>
      }
    >
      <p className="muted">
        {levelInfo(level).means} {principal?.reason && <span className="mono">{principal.reason}</span>}
      </p>
      {who?.claimed && (
        <div className="notice warn">
          <span>
            {verified ? 'Something else was claimed beside, and not verified: ' : 'It claims to be '}“{who.claimed}”{verified ? '.' : '. Nothing here says that it is.'}
          </span>
        </div>
      )}
      {record.erased?.includes('who') && <Gone record={record} name="who" />}
      <Pairs
        list={[
          ['Name', verified && who?.name],
          ['E-mail', verified && who?.email && <Find field="who.email" value={who.email} />],
          ['Subject', verified && who?.subject && <Find field="who.subject" value={who.subject} mono />],
          ['Kind', principal?.kind],
          ['Pseudonym', principal?.id && <Find field="principal.id" value={principal.id} mono />],
          [verified ? 'Issuer' : 'Issuer it names', principal?.issuer && <span className="mono">{principal.issuer}</span>],
          ['Groups', verified && who?.groups?.join(', ')],
          ['Acting for it', chain(record)],
        ]}
      />
      <h3>Credential</h3>
      <Pairs
        list={[
          ['Method', methodWord(credential?.method)],
          ['App', credential?.client && <Link to={whoPath(credential.client)}>{credential.client}</Link>],
          ['Key', credential?.key_id && <Find field="credential.key_id" value={credential.key_id} mono />],
          ['Fingerprint', credential?.fingerprint && <Link className="mono" to={whoPath(credential.fingerprint)}>{credential.fingerprint}</Link>],
          ['Algorithm', credential?.algorithm],
          ['Expires', credential?.expires && <Time at={credential.expires} full />],
        ]}
      />
      <h3>From</h3>
      <Pairs
        list={[
          ['Address', who?.address && <Find field="who.address" value={who.address} mono />],
          ['Other end', who?.peer && <span className="mono">{who.peer}</span>],
          ['Forwarded, as sent', who?.forwarded?.map((line) => <div key={line} className="mono">{line}</div>)],
          ['Client', who?.user_agent],
          ['TLS', who?.tls?.version && `${who.tls.version}${who.tls.subject ? `, certificate of ${who.tls.subject}` : ''}`],
        ]}
      />
    </Panel>
  )
}

function chain(record: Entry) {
  const names = record.who?.chain ?? []
  const ids = record.header.credential?.delegation ?? []
  if (names.length === 0 && ids.length === 0) return undefined
  return (
    <ol>
      {Array.from({ length: Math.max(names.length, ids.length) }, (_, i) => (
        <li key={i}>
          {names[i] ?? ids[i]?.id} {names[i] && ids[i]?.id && <span className="mono muted small">{ids[i]?.id}</span>}
        </li>
      ))}
    </ol>
  )
}

/** A value that finds all calls with it. */
export function Find({ field, value, mono = false }: { field: string; value: string; mono?: boolean }) {
  return (
    <span className="find">
      <Link to={address('/search', { q: term(field, value), from: '7d' })} className={mono ? 'mono' : ''} title={`Search for ${field} ${value}`}>
        {value}
      </Link>
      <Copy text={value} label={`Copy ${field}`} />
    </span>
  )
}
