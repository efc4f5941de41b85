import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** Every address that this machine has on its networks. */
export function ownAddresses(): NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? [])
}
