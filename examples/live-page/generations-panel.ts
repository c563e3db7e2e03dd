/** The images of the user: ordered here, and there as soon as the notification comes, in every tab. */
import { createGenerationsClient, createNotificationClient } from '../../browser/index.ts';
import type { Generation, NotificationState } from '../../browser/index.ts';
import { announce } from './announce.ts';
import { find, part, write } from './dom.ts';
import { runForm } from './form.ts';
import { createImageCard } from './image-card.ts';
import type { ImageCard } from './image-card.ts';
import { problemText } from './problem-text.ts';
import type { Session } from './session.ts';

interface Events {
  readonly GenerationComplete: Generation;
}

const PAGE = 20;
const MAX_PROMPT = 4000;

const STATES: Readonly<Record<NotificationState, string>> = {
  connecting: 'Connecting…',
  'catching-up': 'Catching up…',
  live: 'Live',
  offline: 'Offline, trying again',
  expired: 'The session has ended',
  displaced: 'Paused: open in too many tabs',
  closed: 'Not connected',
};

export function startGenerationsPanel(url: string, session: Session): void {
  const panel = find(document, '#generations');
  const list = part(panel, 'list');
  const trouble = part(panel, 'trouble');
  const more = part(panel, 'more', HTMLButtonElement);
  const client = createGenerationsClient({ url, token: session.token });
  const notifications = createNotificationClient<Events>({
    user: session.user,
    ticket: () => client.ticket(),
    renewSession: session.renew,
  });
  const cards = new Map<string, ImageCard>();
  let nextPage: string | undefined;

  /** Whether it is new, or another than before. */
  function place(generation: Generation, where: 'first' | 'last'): boolean {
    const known = cards.get(generation.generationId);
    if (known !== undefined) return known.update(generation);
    const card = createImageCard(generation);
    cards.set(generation.generationId, card);
    list[where === 'first' ? 'prepend' : 'append'](card.element);
    part(panel, 'empty').hidden = true;
    return true;
  }

  async function read(cursor?: string): Promise<void> {
    try {
      const page = await client.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
      for (const generation of page.items) place(generation, 'last');
      nextPage = page.nextCursor ?? undefined;
      more.hidden = nextPage === undefined;
      write(trouble, '');
    } catch (error) {
      write(trouble, problemText(error));
    }
  }

  notifications.on('GenerationComplete', (generation, { missed }) => {
    const changed = place(generation, 'first');
    if (missed) cards.get(generation.generationId)?.markMissed();
    if (!changed || generation.status === 'PENDING') return;
    announce(
      generation.status === 'COMPLETE'
        ? `Image ready: ${generation.prompt ?? ''}.`
        : `Image failed: ${generation.prompt ?? ''}.`,
    );
  });
  // What is kept no longer as a notification is still in the list.
  notifications.onGap(() => void read());

  let wasLive = false;
  let hadConnection = false;
  notifications.onState((state) => {
    part(panel, 'connection').dataset['state'] = state;
    write(part(panel, 'connection-text'), STATES[state]);
    // Told once when it is lost and once when it is back, not at each try.
    if (state === 'live') {
      if (!wasLive && hadConnection) announce('Connected again.');
      wasLive = hadConnection = true;
    } else if ((state === 'offline' || state === 'expired') && wasLive) {
      wasLive = false;
      announce(state === 'offline' ? 'Connection lost. Trying again.' : 'The session has ended.');
    }
  });
  runForm({
    form: find(panel, 'form', HTMLFormElement),
    maxPrompt: MAX_PROMPT,
    send: async (prompt, field) => {
      const [width = 0, height = 0] = field('size').split('x').map(Number);
      const generation = await client.request({ prompt, width, height });
      place({ ...generation, prompt, status: generation.status ?? 'PENDING' }, 'first');
      announce('Image requested.');
    },
  });
  more.addEventListener('click', () => void read(nextPage));

  // The list first: what a notification tells then belongs to what is seen.
  void read().finally(() => notifications.connect());
  addEventListener('pagehide', () => notifications.close());
  addEventListener('pageshow', (event) => {
    if (event.persisted) notifications.connect();
  });
  panel.hidden = false;
}
