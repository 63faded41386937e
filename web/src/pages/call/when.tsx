import type { Header } from '../../api/model'
import { duration } from '../../ui/format'
import { Pairs, Panel } from '../../ui/panel'
import { Time } from '../../ui/time'
import { phases } from './phases'

/** When the call was where. */
export function WhenPanel({ header }: { header: Header }) {
  const { list, total } = phases(header)
  return (
    <Panel title="When">
      {list.length > 0 && (
        <div className="phases" role="img" aria-label={`Phases: ${list.map((phase) => `${phase.name} ${duration(phase.to - phase.from)}`).join(', ')}`}>
          {list.map((phase, i) => (
            <div key={phase.name} className={`phase phase-${i}`} style={{ flexGrow: Math.max((phase.to - phase.from) / total, 0.02) }} title={phase.what} />
          ))}
        </div>
      )}
      {list.length > 0 && (
        <table className="table phase-table">
          <caption className="hidden">Phases of the call</caption>
          <tbody>
            {list.map((phase, i) => (
              <tr key={phase.name}>
                <th scope="row">
                  <span className={`swatch-square phase-${i}`} aria-hidden="true" /> {phase.name}
                </th>
                <td className="muted">{phase.what}</td>
                <td className="num nowrap">{duration(phase.to - phase.from)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Pairs
        list={[
          ['Arrived', header.arrived && <Time at={header.arrived} full />],
          ['Completed', header.completed ? <Time at={header.completed} full /> : 'It did not complete.'],
          ['Ended', header.ended && <Time at={header.ended} full />],
          ['Took', (header.completed ?? header.ended) && duration(total)],
          ['Seen by', header.edge && <span className="mono">{header.edge}</span>],
        ]}
      />
    </Panel>
  )
}
