// What the compiler infers from a pattern, by the rules of syntax.ts.

/**
 * The parameters of a pattern: `'/users/:id'` gives `{ id: string }`. Optional ones are `string | undefined`, and
 * unnamed ones are numbered: `'/files/**'` gives `{ 0: string | undefined }`.
 */
export type ParamsOf<P extends string> = string extends P
  ? Record<string, string | undefined>
  : P extends `${string}${'{' | '(' | '*' | '\\'}${string}`
    ? Params<Unbraced<Bare<P>>>
    : Params<Names<P>>

/** `unknown` for a possible pattern; otherwise a type that nothing fits and whose name says why. */
export type PatternLike<P extends string> = string extends P
  ? unknown
  : P extends `/${string}`
    ? unknown
    : { readonly 'a pattern begins with a slash': P }

/** @typeParam N names, followed by a `?` if they are optional. */
type Params<N extends string> = {
  readonly [Name in N as Name extends `${infer Own}?` ? Own : Name]: Name extends `${string}?`
    ? string | undefined
    : string
}

type Names<P extends string> = P extends `${string}:${infer Rest}`
  ? Rest extends `${infer Segment}/${infer More}`
    ? NameIn<Segment> | Names<Segment> | Names<More>
    : NameIn<Rest> | Names<Rest>
  : never

type NameIn<P extends string, Before extends string = ''> = P extends `${infer Sign}${infer Rest}`
  ? Sign extends Word
    ? NameIn<Rest, `${Before}${Sign}`>
    : Sign extends '?'
      ? `${Before}?`
      : Before
  : Before

type Word = Letter | Uppercase<Letter> | '_' | '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type Letter = FirstLetters | 'n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z'
type FirstLetters = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm'

/**
 * Only the parameters and braces of a pattern, `:id/{:part/}?:rest?/`: without text and constraints, in which the same signs
 * have other meanings.
 * @typeParam Unnamed one entry for each unnamed parameter.
 */
type Bare<P extends string, Out extends string = '', Unnamed extends 0[] = []> = P extends `\\${infer Rest}`
  ? Bare<Behind<Rest>, Out, Unnamed>
  : P extends `**:${infer Rest}`
    ? InName<Rest, `${Out}:`, Unnamed>
    : P extends `**${infer Rest}`
      ? Bare<Rest, `${Out}:${Unnamed['length']}?/`, [...Unnamed, 0]>
      : P extends `*${infer Rest}`
        ? Bare<
            Rest,
            `${Out}:${Unnamed['length']}${Rest extends '' | `${'/' | '}'}${string}` ? '?' : ''}/`,
            [...Unnamed, 0]
          >
        : P extends `:${infer Rest}`
          ? InName<Rest, `${Out}:`, Unnamed>
          : P extends `(${string}`
            ? InName<P, `${Out}:${Unnamed['length']}`, [...Unnamed, 0]>
            : P extends `${infer Sign}${infer Rest}`
              ? Bare<Rest, Sign extends '{' | '}' | '?' ? `${Out}${Sign}` : Out, Unnamed>
              : Out

type InName<P extends string, Out extends string, Unnamed extends 0[]> = P extends `${infer Sign}${infer Rest}`
  ? Sign extends Word
    ? InName<Rest, `${Out}${Sign}`, Unnamed>
    : P extends `(.*)${infer More}`
      ? Bare<More, `${Out}?/`, Unnamed>
      : BehindName<Sign extends '(' ? BehindConstraint<Rest> : P, Out, Unnamed>
  : `${Out}/`

type BehindName<P extends string, Out extends string, Unnamed extends 0[]> = P extends `${'?' | '*'}${infer Rest}`
  ? Bare<Rest, `${Out}?/`, Unnamed>
  : Bare<P, `${Out}/`, Unnamed>

/** What follows the first character. */
type Behind<P extends string> = P extends `${string}${infer Rest}` ? Rest : ''

/** @typeParam Open one entry for each open parenthesis. */
type BehindConstraint<P extends string, Open extends 0[] = [0]> = Open extends []
  ? P
  : P extends `\\${infer Rest}`
    ? BehindConstraint<Behind<Rest>, Open>
    : P extends `[${infer Rest}`
      ? BehindConstraint<BehindClass<Rest>, Open>
      : P extends `(${infer Rest}`
        ? BehindConstraint<Rest, [...Open, 0]>
        : P extends `)${infer Rest}`
          ? BehindConstraint<Rest, Open extends [0, ...infer Outer extends 0[]] ? Outer : []>
          : P extends ''
            ? ''
            : BehindConstraint<Behind<P>, Open>

type BehindClass<P extends string> = P extends `\\${infer Rest}`
  ? BehindClass<Behind<Rest>>
  : P extends `]${infer Rest}`
    ? Rest
    : P extends ''
      ? ''
      : BehindClass<Behind<P>>

/** What is in braces followed by `?` is optional. */
type Unbraced<P extends string> = P extends `${infer Before}{${infer Within}}${infer After}`
  ? Names<Before> | (After extends `?${string}` ? `${Certain<Names<Within>>}?` : Names<Within>) | Unbraced<After>
  : Names<P>

type Certain<N extends string> = N extends `${infer Own}?` ? Own : N
