import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** Every network address of this machine. */
export function ownAddresses(): NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? [])
}
