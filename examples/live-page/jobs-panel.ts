/** The jobs of the user: submitted here, followed while they run, listed with those of other tabs. */
import { createJobsClient, hasEnded, ProblemError } from '../../browser/index.ts';
import type { Job } from '../../browser/index.ts';
import { announce } from './announce.ts';
import { find, part, write } from './dom.ts';
import { runForm } from './form.ts';
import { createJobCard } from './job-card.ts';
import type { JobCard } from './job-card.ts';
import { problemText } from './problem-text.ts';
import type { Session } from './session.ts';

const PAGE = 20;
/** The list is read again for what other tabs submitted. */
const REFRESH_MS = 8000;
/** Jobs that are looked at one by one; those beyond move with the list. */
const FOLLOWED = 6;
/** Prompts of this tab, which the API does not tell; forgotten with the tab. */
const PROMPTS = 'live-page.prompts';

export function startJobsPanel(url: string, session: Session): void {
  const panel = find(document, '#jobs');
  const list = part(panel, 'list');
  const trouble = part(panel, 'trouble');
  const more = part(panel, 'more', HTMLButtonElement);
  const client = createJobsClient({ url, token: session.token });
  const cards = new Map<string, JobCard>();
  const followed = new Set<string>();
  let nextPage: string | undefined;
  let askedForMore = false;

  const sayTrouble = (error: unknown): void => write(trouble, `${problemText(error)} Trying again.`);

  function place(job: Job, where: 'first' | 'last', prompt = promptOf(job.jobId)): JobCard {
    const known = cards.get(job.jobId);
    if (known !== undefined) {
      known.update(job);
      return known;
    }
    const card = createJobCard({
      job,
      prompt,
      cancel: (card) => void cancel(card),
      show: (card) => void look(card),
    });
    cards.set(job.jobId, card);
    list[where === 'first' ? 'prepend' : 'append'](card.element);
    part(panel, 'empty').hidden = true;
    return card;
  }

  /** Until it has ended, however long the server can not be reached meanwhile. */
  async function follow(card: JobCard): Promise<void> {
    const { jobId } = card.job;
    if (hasEnded(card.job) || followed.has(jobId) || followed.size >= FOLLOWED) return;
    followed.add(jobId);
    try {
      await client.wait(jobId, {
        onChange: (job) => {
          write(trouble, '');
          card.update(job);
        },
        onProblem: (error) => void retryable(error),
      });
      announce(`${part(card.element, 'status').textContent}: ${card.title}.`);
    } catch (error) {
      if (!(await retryable(error))) write(part(card.element, 'problem'), problemText(error));
    } finally {
      followed.delete(jobId);
      followOpen();
    }
  }

  function followOpen(): void {
    for (const card of cards.values()) void follow(card);
  }

  /** Whether it goes on by itself. */
  async function retryable(error: unknown): Promise<boolean> {
    sayTrouble(error);
    if (!(error instanceof ProblemError) || error.status !== 401) return !(error instanceof ProblemError);
    return session.renew().then(
      () => true,
      () => {
        write(trouble, 'The session has ended. Load the page again.');
        return false;
      },
    );
  }

  async function look(card: JobCard): Promise<void> {
    try {
      card.update(await client.get(card.job.jobId));
    } catch (error) {
      write(part(card.element, 'problem'), problemText(error));
    }
  }

  async function cancel(card: JobCard): Promise<void> {
    card.note('Cancelling');
    try {
      await client.cancel(card.job.jobId);
      await look(card);
    } catch (error) {
      // It has ended meanwhile: how, is more to the point than that it could not be cancelled.
      if (error instanceof ProblemError && error.status === 409) return look(card);
      write(part(card.element, 'problem'), problemText(error));
    }
  }

  async function refresh(): Promise<boolean> {
    try {
      const { items: jobs, nextCursor } = await client.list({ limit: PAGE });
      // Newest first: from the oldest on, so that each new one goes to the top.
      const isFirst = cards.size === 0;
      for (const job of isFirst ? jobs : jobs.toReversed()) place(job, isFirst ? 'last' : 'first');
      if (!askedForMore) nextPage = nextCursor ?? undefined;
      more.hidden = nextPage === undefined;
      write(trouble, '');
      followOpen();
      return true;
    } catch (error) {
      await retryable(error);
      return false;
    }
  }

  async function older(): Promise<void> {
    askedForMore = true;
    try {
      const { items: jobs, nextCursor } = await client.list({
        limit: PAGE,
        ...(nextPage !== undefined && { cursor: nextPage }),
      });
      for (const job of jobs) place(job, 'last');
      nextPage = nextCursor ?? undefined;
      more.hidden = nextPage === undefined;
      announce(`${jobs.length} older jobs.`);
      if (more.hidden) list.lastElementChild?.querySelector<HTMLElement>('h3')?.focus();
    } catch (error) {
      sayTrouble(error);
    }
  }

  runForm({
    form: find(panel, 'form', HTMLFormElement),
    send: async (prompt, field) => {
      const model = field('model');
      const job = await client.submit({ model, prompt });
      keepPrompt(job.jobId, prompt);
      const card = place({ ...job, model }, 'first', prompt);
      announce('Job submitted.');
      void follow(card);
    },
  });
  part(panel, 'refresh').addEventListener('click', () => {
    void refresh().then((worked) =>
      announce(worked ? 'The list is up to date.' : 'The list could not be read.'),
    );
  });
  more.addEventListener('click', () => void older());

  const again = (): void => {
    setTimeout(() => void (document.hidden ? Promise.resolve() : refresh()).then(again), REFRESH_MS);
  };
  void refresh().then(again);
  addEventListener('online', () => void refresh());
  panel.hidden = false;
}

function prompts(): Record<string, string> {
  try {
    return JSON.parse(sessionStorage.getItem(PROMPTS) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

const promptOf = (jobId: string): string | undefined => prompts()[jobId];

function keepPrompt(jobId: string, prompt: string): void {
  try {
    sessionStorage.setItem(PROMPTS, JSON.stringify({ ...prompts(), [jobId]: prompt.slice(0, 200) }));
  } catch {
    // The card then shows the job's id after a reload.
  }
}
