/** A form with a prompt: checked, sent once at a time, its errors told next to it. */
import { find, write } from './dom.ts';
import { problemText } from './problem-text.ts';

const MAX_PROMPT = 32_000;

export interface PromptForm {
  readonly form: HTMLFormElement;
  /** Characters. @default 32,000 */
  readonly maxPrompt?: number;
  /** What is written there. @default prompt */
  readonly noun?: string;
  /** Sends it. What it throws is shown. */
  readonly send: (prompt: string, field: (name: string) => string) => Promise<void>;
}

export function runForm({ form, maxPrompt = MAX_PROMPT, noun = 'prompt', send }: PromptForm): void {
  const prompt = find(form, 'textarea', HTMLTextAreaElement);
  const button = find(form, 'button[type="submit"]', HTMLButtonElement);
  const problem = find(form, '.problem');
  const label = button.textContent;
  let busy = false;

  const refuse = (text: string): void => {
    prompt.setAttribute('aria-invalid', 'true');
    write(problem, text);
    prompt.focus();
  };
  const submit = async (): Promise<void> => {
    if (busy) return;
    const text = prompt.value.trim();
    if (text === '') return refuse(`Write a ${noun} first.`);
    if (text.length > maxPrompt) {
      return refuse(
        `The ${noun} has ${text.length.toLocaleString()} characters; ${maxPrompt.toLocaleString()} are allowed.`,
      );
    }
    busy = true;
    prompt.removeAttribute('aria-invalid');
    write(problem, '');
    // Not disabled, which would take the focus away from who pressed it.
    button.setAttribute('aria-disabled', 'true');
    button.textContent = 'Sending…';
    try {
      const fields = new FormData(form);
      await send(text, (name) => textOf(fields.get(name)));
      prompt.value = '';
    } catch (error) {
      write(problem, problemText(error));
    } finally {
      busy = false;
      button.removeAttribute('aria-disabled');
      button.textContent = label;
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit();
  });
  prompt.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void submit();
  });
}

const textOf = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value : '');
