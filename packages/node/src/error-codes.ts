// The codes of errors that this package throws; docs/error-codes.md is made from this table.

/** What each code is a member of. No client ever sees these, so they have no status. */
export interface NodeErrorCodes {
  /** A server was created with options that Spillway does not support; the message has the reasons. */
  ERR_SPILLWAY_REFUSED: Error
}
