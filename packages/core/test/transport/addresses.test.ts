import { AddressSet, networkOf, normalAddress } from '@spillway/core'
import { describe, expect, it } from 'vitest'

describe('AddressSet', () => {
  it('has addresses and networks of both families, also in their other clothes', () => {
    const peers = new AddressSet(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '::1'])
    for (const address of ['10.255.0.1', '::ffff:10.0.0.1', '192.0.2.7', 'fd12::1', '::1'])
      expect(peers.has(address)).toBe(true)
    for (const address of ['11.0.0.1', '192.0.2.8', '::2', '', 'fe80::1%eth0', 'no address', undefined])
      expect(peers.has(address)).toBe(false)
    expect(new AddressSet(['unix']).has(undefined)).toBe(true)
  })

  it.each(['', 'localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0/8'])(
    'refuses %j',
    (entry) => {
      expect(() => new AddressSet([entry])).toThrow(TypeError)
    },
  )
})

describe('normalAddress', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
  ])('brings %s into its one form', (address, normal) => {
    expect(normalAddress(address)).toBe(normal)
  })

  it.each(['', '1.2.3', '127.1', '0x7f.0.0.1', '010.0.0.1', '1.2.3.4.5', ' ::1', '[::1]', '::1/128', 'unknown'])(
    'knows that %j is none',
    (text) => {
      expect(normalAddress(text)).toBeUndefined()
    },
  )
})

describe('networkOf', () => {
  it.each([
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::a:b:c:d:e', '2001:db8:0:a::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['192.0.2.7', '192.0.2.7'],
    ['', ''],
  ])('of %j is %j: networks of IPv6 have one name each', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
