/** One job in the list: what it is, how far it is, how it ended. */
import { hasEnded } from '../../browser/index.ts';
import type { Job, JobStatus } from '../../browser/index.ts';
import { copyOf, joined, part, timeOf, write } from './dom.ts';

/** A result may be megabytes long; a page is for its beginning. */
const SHOWN_RESULT = 2000;

const STATUS: Readonly<Record<JobStatus, readonly [text: string, tone: string]>> = {
  queued: ['Queued', 'wait'],
  running: ['Running', 'wait'],
  succeeded: ['Succeeded', 'good'],
  failed: ['Failed', 'bad'],
  cancelled: ['Cancelled', ''],
  'timed-out': ['Timed out', 'bad'],
};

export interface JobCard {
  readonly element: HTMLElement;
  readonly job: Job;
  readonly title: string;
  /** Takes a newer state. What is older than what is shown, as answers may overtake each other, is passed over. */
  update(job: Job): void;
  /** While an action is on its way. */
  note(text: string): void;
}

export interface JobCardProps {
  readonly job: Job;
  /** What was asked, if it was asked in this tab: the API does not tell it. */
  readonly prompt: string | undefined;
  readonly cancel: (card: JobCard) => void;
  readonly show: (card: JobCard) => void;
}

export function createJobCard({ job: first, prompt, cancel, show }: JobCardProps): JobCard {
  const element = copyOf('job-card');
  const title = prompt ?? `Job ${first.jobId.slice(-12)}`;
  const heading = part(element, 'title');
  const cancelButton = part(element, 'cancel', HTMLButtonElement);
  const showButton = part(element, 'show', HTMLButtonElement);
  let current = first;

  const draw = (): void => {
    const { status, progress = 0, attempt = 0, error, result } = current;
    const ended = hasEnded(current);
    const [text, tone] = STATUS[status] ?? [status, ''];
    const statusPart = part(element, 'status');
    const cancelling = !ended && current.cancelRequested === true;
    write(statusPart, cancelling ? 'Cancelling' : status === 'running' ? `${text}, ${progress} %` : text);
    statusPart.dataset['tone'] = tone;
    const bar = part(element, 'progress', HTMLProgressElement);
    bar.hidden = ended;
    bar.value = progress;
    const times = ended ? timeOf(current.endedAt ?? current.updatedAt) : timeOf(current.createdAt);
    write(
      part(element, 'meta'),
      joined(
        current.model,
        times,
        attempt > 1 ? `attempt ${attempt}` : undefined,
        prompt === undefined ? undefined : `job ${current.jobId.slice(-12)}`,
      ),
    );
    const resultPart = part(element, 'result');
    resultPart.hidden = result === undefined;
    if (result !== undefined) write(resultPart, beginningOf(result.text));
    // That somebody wanted it so is no problem.
    const isProblem = error !== undefined && status !== 'cancelled';
    write(part(element, 'problem'), isProblem ? `${error.message} (${error.code})` : '');
    const focused = document.activeElement;
    cancelButton.hidden = ended || cancelling;
    showButton.hidden = status !== 'succeeded' || result !== undefined;
    // The button that had the focus is gone: it must not fall back to the top of the page.
    if ([cancelButton, showButton].some((button) => button === focused && button.hidden)) heading.focus();
  };

  const card: JobCard = {
    element,
    title,
    get job() {
      return current;
    },
    update: (job) => {
      if (isOlder(job, current)) return;
      current = { ...current, ...job };
      draw();
    },
    note: (text) => write(part(element, 'status'), text),
  };
  write(heading, title);
  part(element, 'progress').setAttribute('aria-label', `Progress of: ${title}`);
  cancelButton.setAttribute('aria-label', `Cancel: ${title}`);
  showButton.setAttribute('aria-label', `Show result: ${title}`);
  cancelButton.addEventListener('click', () => cancel(card));
  showButton.addEventListener('click', () => show(card));
  draw();
  return card;
}

function isOlder(job: Job, than: Job): boolean {
  if (hasEnded(than)) return !hasEnded(job);
  if (hasEnded(job)) return false;
  const attempts = (job.attempt ?? 0) - (than.attempt ?? 0);
  return attempts < 0 || (attempts === 0 && (job.progress ?? 0) < (than.progress ?? 0));
}

const beginningOf = (text: string): string =>
  text.length <= SHOWN_RESULT
    ? text
    : `${text.slice(0, SHOWN_RESULT)}…\n(${text.length.toLocaleString()} characters in all)`;
