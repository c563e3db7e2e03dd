/** Feedback on products: given here, and what eight agents make of it as soon as each is done; and how far the agents are. */
import { ProblemError, UnreachableError } from '../../browser/index.ts';
import { announce } from './announce.ts';
import { copyOf, find, joined, part, write } from './dom.ts';
import { runForm } from './form.ts';
import { problemText } from './problem-text.ts';
import type { Session } from './session.ts';

interface Feedback {
  readonly feedbackId: string;
  readonly text: string;
  readonly sentiment: { readonly score: number; readonly label: string } | null;
  readonly category: { readonly category: string } | null;
  readonly duplicateOf: { readonly originalId: string } | null;
  readonly priority: { readonly priority: string; readonly reasons: readonly string[] } | null;
}

interface AgentState {
  readonly agent: string;
  /** Where it is live. */
  readonly transport: string;
  readonly handled: number;
  readonly waiting: number;
}

interface RoadmapItem {
  readonly productId: string;
  readonly category: string;
  readonly feedbacks: number;
  readonly votes: number;
  readonly urgent: number;
}

const MAX_TEXT = 4_000;
const LOOK_MS = 1_000;
/** Of one feedback; an agent that is paused may take longer than somebody watches. */
const LOOKS = 120;
const ROADMAP_ITEMS = 12;
/** Characters of a feedback that are told to a screen reader. */
const SPOKEN_TEXT = 80;

/** @param statesUrl where the states of the agents are, which the API tells operators only */
export function startAgentsPanel(url: string, statesUrl: string, session: Session): void {
  const panel = find(document, '#agents');
  const list = part(panel, 'list');
  const trouble = part(panel, 'trouble');
  let attempt: { readonly said: string; readonly key: string } | undefined;
  write(find(document, 'h1'), 'Feedback and agents');
  document.title = 'Feedback and agents';

  async function call<Answer>(path: string, body?: object, key?: string): Promise<Answer> {
    return answerOf<Answer>(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${session.token()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch(async (error: unknown) => {
      if (error instanceof ProblemError && (error.status === 401 || error.status === 403)) {
        await session.renew();
      }
      throw error;
    });
  }

  /** Until all that is found out about every feedback is known. */
  async function follow(feedbackId: string, card: HTMLElement, text: string): Promise<void> {
    for (let looks = 0; looks < LOOKS; looks += 1) {
      try {
        const feedback = await call<Feedback>(`/feedback/${encodeURIComponent(feedbackId)}`);
        show(card, feedback);
        if (feedback.priority !== null) {
          announce(`Priority ${feedback.priority.priority}: ${text.slice(0, SPOKEN_TEXT)}.`);
          return;
        }
      } catch (error) {
        write(part(card, 'problem'), problemText(error));
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async function refresh(): Promise<void> {
    try {
      const [states, roadmap] = await Promise.all([
        answerOf<readonly AgentState[]>(statesUrl, { cache: 'no-store' }),
        call<{ readonly items: readonly RoadmapItem[] }>('/roadmap'),
      ]);
      fill(
        part(panel, 'states'),
        states.map(({ agent, transport, handled, waiting }) => [agent, transport, handled, waiting]),
      );
      fill(
        part(panel, 'roadmap'),
        roadmap.items
          .slice(0, ROADMAP_ITEMS)
          .map(({ productId, category, feedbacks, votes, urgent }) => [
            productId,
            category,
            feedbacks,
            votes,
            urgent,
          ]),
      );
      write(trouble, '');
    } catch (error) {
      write(trouble, `${problemText(error)} Trying again.`);
    }
  }

  runForm({
    form: find(panel, 'form', HTMLFormElement),
    maxPrompt: MAX_TEXT,
    noun: 'text',
    send: async (text, field) => {
      const productId = field('product');
      const said = JSON.stringify([productId, text]);
      // What failed on the way may have arrived: sent again, it is the same feedback.
      if (attempt?.said !== said) attempt = { said, key: crypto.randomUUID() };
      const body = { productId, text };
      const { feedbackId } = await call<{ readonly feedbackId: string }>('/feedback', body, attempt.key);
      attempt = undefined;
      const card = copyOf('feedback-card');
      write(part(card, 'title'), text);
      write(part(card, 'status'), 'received');
      list.prepend(card);
      part(panel, 'empty').hidden = true;
      announce('Feedback given.');
      void follow(feedbackId, card, text);
    },
  });
  const again = (): void => {
    setTimeout(() => void (document.hidden ? Promise.resolve() : refresh()).then(again), LOOK_MS);
  };
  void refresh().then(again);
  panel.hidden = false;
}

/** @throws ProblemError, UnreachableError */
async function answerOf<Answer>(url: string, request: RequestInit): Promise<Answer> {
  const response = await fetch(url, request).catch((cause: unknown) => {
    throw new UnreachableError(cause);
  });
  const answer = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>;
  if (!response.ok) throw new ProblemError(response.status, answer);
  return answer as Answer;
}

function show(card: HTMLElement, { sentiment, category, duplicateOf, priority }: Feedback): void {
  write(part(card, 'status'), priority === null ? 'received' : priority.priority);
  write(part(card, 'problem'), '');
  write(
    part(card, 'meta'),
    joined(
      sentiment === null ? undefined : `${sentiment.label} (${sentiment.score})`,
      category?.category,
      duplicateOf === null ? undefined : `says what ${duplicateOf.originalId} says`,
    ),
  );
}

/** Rows stay where they are: only what differs is written. */
function fill(body: HTMLElement, rows: readonly (readonly (string | number)[])[]): void {
  while (body.children.length > rows.length) body.lastElementChild?.remove();
  for (const [index, row] of rows.entries()) {
    let line = body.children[index];
    if (line === undefined) {
      line = document.createElement('tr');
      body.append(line);
    }
    for (const [column, value] of row.entries()) {
      let cell = line.children[column];
      if (cell === undefined) {
        cell = document.createElement(column === 0 ? 'th' : 'td');
        if (column === 0) cell.setAttribute('scope', 'row');
        line.append(cell);
      }
      write(cell as HTMLElement, typeof value === 'number' ? value.toLocaleString() : value);
    }
  }
}
