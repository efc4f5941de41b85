import { Refused, ask } from './api.ts'
import { byId } from './dom.ts'
import { Rooms } from './rooms.ts'

const door = byId('door')
const chat = byId('chat')
const form = byId<HTMLFormElement>('sign-in')
const why = byId('why')

let rooms: Rooms | undefined

function showDoor(): void {
  rooms?.close()
  rooms = undefined
  chat.hidden = true
  door.hidden = false
  byId('name').focus()
}

function showChat(name: string): void {
  door.hidden = true
  chat.hidden = false
  byId('me').textContent = name
  rooms = new Rooms(name, showDoor)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn()
})

async function signIn(): Promise<void> {
  const { name, password } = Object.fromEntries(new FormData(form)) as { name: string; password: string }
  why.textContent = ''
  try {
    const session = (await ask('POST', '/session', { name, password })) as { name: string }
    form.reset()
    showChat(session.name)
  } catch (error) {
    why.textContent = error instanceof Refused ? error.message : 'The server does not answer'
  }
}

byId('sign-out').addEventListener('click', () => {
  void ask('DELETE', '/session').then(showDoor, showDoor)
})

try {
  const { name } = (await ask('GET', '/session')) as { name: string }
  showChat(name)
} catch {
  showDoor()
}
