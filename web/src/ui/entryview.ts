import type { Entry } from '../api/model'
import type { Clock } from '../app/time'
import { Attribute, make, there, Words } from './dom'
import { duration, took } from './format'
import { levelMark } from './level'
import { classes, ended, identity, identityMeans, objects, ownDoing, what } from './record'
import type { View } from './sheet'

/** A time of the record, as [Time] shows it. */
export class Moment {
  private readonly words = new Words()
  readonly element = make('time', 'nowrap', this.words.node)
  private readonly datetime = new Attribute(this.element, 'datetime')
  private readonly utc = new Attribute(this.element, 'title')

  constructor(private readonly clock: Clock) {}

  show(at: string): void {
    this.datetime.write(at)
    this.utc.write(`${at.replace('T', ' ').replace('Z', '')} UTC`)
    this.words.write(this.clock.short(at))
  }
}

/**
 * A record in a line: when, who, what, on what, how it ended. One element shows
 * one record after another, and of it only what differs is written.
 */
export class EntryView implements View<Entry> {
  private readonly at: Moment
  private readonly name = new Words()
  private readonly verb = new Words()
  private readonly path = new Words()
  private readonly objects = new Words()
  private readonly data = new Words()
  private readonly more = new Words()
  private readonly word = new Words()
  private readonly took = new Words()

  private readonly whose = make('span', 'name', this.name.node)
  private readonly claimed = make('span', 'warn small nowrap', 'claimed')
  private readonly who = make('span', 'identity', this.whose)
  private readonly tag = make('span', 'tag info', this.data.node)
  private readonly others = make('span', 'small muted', this.more.node)
  private readonly found = make('span', 'entry-data')
  private readonly shape = make('span', 'shape')
  private readonly outcome = make('span', 'mark', this.shape, this.word.node)
  readonly element = make('a', 'list-row entry')
  private readonly href = new Attribute(this.element, 'href')
  private readonly whoClass = new Attribute(this.who, 'class')
  private readonly whoMeans = new Attribute(this.who, 'title')
  private readonly nameClass = new Attribute(this.whose, 'class')
  private readonly dataAll = new Attribute(this.tag, 'title')
  private readonly tone = new Attribute(this.outcome, 'class')
  private readonly means = new Attribute(this.outcome, 'title')
  private readonly shapeClass = new Attribute(this.shape, 'class')
  private level = -1
  private mark: SVGElement | undefined

  constructor(clock: Clock) {
    this.at = new Moment(clock)
    this.element.append(
      this.at.element,
      this.who,
      make('span', 'entry-what', make('span', 'verb', this.verb.node), ' ', make('span', 'mono', this.path.node)),
      make('span', 'entry-objects muted', this.objects.node),
      this.found,
      this.outcome,
      make('span', 'num muted entry-took', this.took.node),
    )
  }

  show(record: Entry): void {
    const { header } = record
    this.href.write(`/call/${record.number}`)
    this.at.show(header.arrived ?? '')
    this.showWho(record)
    const { verb, name } = what(record)
    this.verb.write(verb)
    this.path.write(name)
    this.objects.write(objects(record))
    const data = classes(header)
    this.data.write(data[0] ?? '')
    this.dataAll.write(data.join(', '))
    this.more.write(`+${data.length - 1}`)
    there(this.found, this.tag, data.length > 0)
    there(this.found, this.others, data.length > 1)
    const end = ended(header)
    this.tone.write(`mark ${end.tone}`)
    this.means.write(end.means)
    this.shapeClass.write(`shape ${end.shape}`)
    this.word.write(end.word)
    const spent = took(header)
    this.took.write(spent !== undefined && header.kind === 'access' ? duration(spent) : '')
  }

  private showWho(record: Entry): void {
    const id = identity(record)
    const own = ownDoing(record)
    const level = own ? -1 : id.level
    if (level !== this.level) {
      this.level = level
      this.mark?.remove()
      this.mark = own ? undefined : levelMark(level)
      if (this.mark) this.who.prepend(this.mark)
    }
    const claims = !own && id.claim && !id.nobody
    this.whoClass.write(own ? 'identity muted' : 'identity')
    this.whoMeans.write(own ? undefined : identityMeans(id))
    this.nameClass.write(!own && id.claim ? 'name claim' : 'name')
    this.name.write(claims ? `“${id.name}”` : id.name)
    there(this.who, this.claimed, claims)
  }
}
