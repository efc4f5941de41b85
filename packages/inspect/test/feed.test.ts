import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Feed, type Viewer } from '../src/parts.ts'
import type { WireEvent } from '../src/model.ts'

const event = (at: number): WireEvent => ({ type: 'idle', at, connection: 1, exchange: 1 })
const kind = async (viewer: Viewer) => /^event: (\w+)/m.exec((await viewer.next()).value ?? '')?.[1]

describe('the feed', () => {
  it('sends a snapshot first, then what happens', async () => {
    const feed = new Feed((you) => ({ you }))
    const viewer = feed.join(7)
    expect((await viewer.next()).value).toBe(`retry: 500\nevent: snapshot\ndata: {"you":7}\n\n`)
    feed.push(event(1))
    feed.push(event(2))
    expect((await viewer.next()).value).toBe(`event: events\ndata: ${JSON.stringify([event(1), event(2)])}\n\n`)
  })

  it('never sends twice what a snapshot holds', async () => {
    const feed = new Feed(() => ({}))
    const [one, two] = [feed.join(1), feed.join(2)]
    await one.next()
    feed.push(event(1))
    // The second viewer takes its snapshot only now, with the event in it.
    expect(await kind(two)).toBe('snapshot')
    feed.push(event(2))
    feed.flush()
    expect((await two.next()).value).toContain(JSON.stringify([event(2)]))
    expect((await one.next()).value).toContain(JSON.stringify([event(1)]))
  })

  it('gives a viewer that does not keep up a snapshot in place of a growing queue', async () => {
    const feed = new Feed(() => ({}))
    const viewer = feed.join(1)
    expect(await kind(viewer)).toBe('snapshot')
    for (let i = 0; i < 100; i++) {
      feed.push(event(i))
      feed.flush()
    }
    expect(await kind(viewer)).toBe('snapshot')
    feed.push(event(200))
    expect(await kind(viewer)).toBe('events')
  })

  it('gives everybody a snapshot when too much happens at once', async () => {
    const feed = new Feed(() => ({}))
    const viewer = feed.join(1)
    await viewer.next()
    for (let i = 0; i < 10_000; i++) feed.push(event(i))
    expect(await kind(viewer)).toBe('snapshot')
  })

  it('forgets viewers that leave, and those that are ended', async () => {
    const feed = new Feed(() => ({}))
    const [one, two] = [feed.join(1), feed.join(2)]
    expect(feed.size).toBe(2)
    await one.return()
    expect(feed.size).toBe(1)
    await two.next()
    const last = two.next()
    await sleep(5)
    two.end()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(feed.size).toBe(0)
  })
})
