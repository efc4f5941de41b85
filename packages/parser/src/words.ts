// Pieces of field names and values as `lowerWord` gives them. In a file of their own for the reason that states.ts gives.

export const HOST = 0x74736f68
export const EXPE = 0x65707865
export const PECT = 0x74636570
export const UPGR = 0x72677075
export const RADE = 0x65646172
export const CONN = 0x6e6e6f63
export const ECTI = 0x69746365
export const TION = 0x6e6f6974
export const CONT = 0x746e6f63
export const ENT_DASH = 0x2d746e65
export const LENG = 0x676e656c
export const NGTH = 0x6874676e
export const TRAN = 0x6e617274
export const SFER = 0x72656673
export const DASH_ENC = 0x636e652d
export const ODIN = 0x6e69646f
export const DING = 0x676e6964
export const CHUN = 0x6e756863
export const NKED = 0x64656b6e
export const CLOS = 0x736f6c63
export const LOSE = 0x65736f6c
export const KEEP = 0x7065656b
export const DASH_ALI = 0x696c612d
export const LIVE = 0x6576696c
export const HUNDRED = 0x2d303031
export const INUE = 0x65756e69
