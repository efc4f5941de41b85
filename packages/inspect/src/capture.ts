// Reads captures, pcap and pcapng, without anything of Node's: for programs and pages.
export { type Ends, Connections, type Listener, type Side } from './capture/connections.ts'
export { Observed } from './capture/observed.ts'
export { FormatError, type Packet, type Source, WholeSource, isCapture, packetsOf } from './capture/packets.ts'
