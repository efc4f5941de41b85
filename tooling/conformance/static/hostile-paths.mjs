// Paths that try to leave the root: every trick of public lists of traversal patterns, alone and in random combinations.

/** Ways to write "one up", separators among them. */
const ups = `
../ ..%2f ..%2F %2e%2e/ %2e%2e%2f %2E%2E%2F .%2e/ %2e./ ..\\ ..%5c ..%5C %2e%2e\\ %2e%2e%5c %252e%252e%252f ..%252f ..%255c
%%32%65%%32%65%%32%66 ..%c0%af ..%c1%9c ..%c0%2f %c0%ae%c0%ae/ %c0%ae%c0%ae%c0%af %e0%80%ae%e0%80%ae/ ..%e0%80%af ..%ef%bc%8f
%uff0e%uff0e%u2215 ..%u2216 ..;/ ..;a=b/ ....// ....\\\\ ..././ ...\\.\\ .../ ..%00/ ..%00%2f ..%0d/ ..%0a/ ..%09/ ..%20/ %20../
/../ //../ ///..// /./../ ./../ ..// ..//..// %2f..%2f /%2e/..%2f ..%3f/ ..%23/ ..?/ \\..\\ %5c..%5c /%5c../ ..%2f%2e/
`
  .split(/\s+/)
  .filter(Boolean)

/** The files that an attacker would want. */
const goals = `
secret.txt root-not/index.html root/.env etc/passwd etc%2fpasswd etc%5cpasswd /etc/passwd %2fetc%2fpasswd proc/self/environ
proc/self/cwd/../secret.txt dev/zero C:/windows/win.ini c:%5cboot.ini .env .git/config .hidden up/secret.txt docs/../../secret.txt
up outside.txt secret.txt%00.html secret.txt%00 secret.txt/. secret.txt%20 secret.txt. secret.txt::$DATA SECRET~1.TXT
`
  .split(/\s+/)
  .filter(Boolean)

const starts = [
  '/',
  '//',
  '/./',
  '/docs/',
  '/docs/../',
  '/files/sub/',
  '/letters.txt/',
  '/%2f',
  '/%5c',
  '/\\',
  '/up/',
  '/bare/%2e/',
  '/~',
  '/file:///',
]

/** @param count how many; the systematic ones come first. @param seed the same seed gives the same paths. */
export function* hostilePaths(count, seed = 1) {
  let state = seed
  const random = (n) => {
    // The generator of Numerical Recipes: random enough, and the same on every platform.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  let made = 0
  for (const up of ups)
    for (const goal of ['secret.txt', 'etc/passwd'])
      for (const depth of [1, 3, 8]) {
        if (made++ >= count) return
        yield sendable(`/${up.repeat(depth)}${goal}`)
      }
  while (made++ < count) {
    let path = starts[random(starts.length)]
    for (let n = random(8); n >= 0; n--)
      path += random(8) === 0 ? ['docs/', 'files/', 'x/', '.', '/', '%2f'][random(6)] : ups[random(ups.length)]
    path += goals[random(goals.length)]
    if (random(4) === 0) path = path.replaceAll('.', () => (random(2) === 0 ? '%2e' : '.'))
    yield sendable(path)
  }
}

/** Whether a path fits into a request line, which allows neither spaces nor control characters. */
function sendable(path) {
  return path.replace(/[\0-\x20\x7f]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
