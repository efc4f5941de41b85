const answer = document.getElementById('answer')

document.getElementById('ask').addEventListener('click', async () => {
  const response = await fetch('/api/hello')
  answer.textContent = `${response.status}\n${await response.text()}`
})
