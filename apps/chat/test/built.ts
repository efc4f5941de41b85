import { type Built, buildAppWithPage } from '@spillway/tsup-config/app-with-page'

export type { Built }

export const buildChat = (): Promise<Built> => buildAppWithPage(new URL('..', import.meta.url))
