const list = document.querySelector('#messages')
const form = document.querySelector('form')
let socket

function connect() {
  socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/room')
  socket.onmessage = ({ data }) => {
    const { from, text } = JSON.parse(data)
    const item = document.createElement('li')
    item.textContent = `${from}: ${text}`
    list.append(item)
  }
  // The server may be gone for a moment: after a change, or while another takes its place.
  socket.onclose = () => setTimeout(connect, 500)
}

form.onsubmit = (event) => {
  event.preventDefault()
  socket.send(JSON.stringify(Object.fromEntries(new FormData(form))))
  form.elements.text.value = ''
}
connect()
