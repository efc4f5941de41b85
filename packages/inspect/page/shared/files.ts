import { byId } from './dom.ts'

function isFile({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes('Files') ?? false
}

/** Hands over each file that is opened by the page's button, or dropped on the page. */
export function takeFiles(take: (file: File) => void): void {
  const input = byId('file') as HTMLInputElement
  byId('open').addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    const [file] = input.files ?? []
    // So that the same file can be opened again.
    input.value = ''
    if (file) take(file)
  })
  addEventListener('dragover', (event) => {
    if (isFile(event)) event.preventDefault()
  })
  addEventListener('drop', (event) => {
    if (!isFile(event)) return
    event.preventDefault()
    const [file] = event.dataTransfer!.files
    if (file) take(file)
  })
}
