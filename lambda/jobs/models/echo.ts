/**
 * A model that answers with its prompt: the same each time, in steps, without a network. For the local run and tests.
 *
 * | word in the prompt | what happens |
 * |---|---|
 * | `#fail` | each attempt fails half way |
 * | `#fail-once` | the first attempt fails half way |
 * | `#slow` | twenty times as many steps |
 * | `#large` | the answer is longer than a message may be |
 * | `#poison` | the answer is none |
 */
import { sleep, systemClock } from '../../runtime/clock.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { JobModel, JobResult } from '../../../catalog/jobs/index.ts';
import { ModelError } from './model-provider.ts';
import type { ModelCall, ModelProvider, ModelRequest } from './model-provider.ts';

export interface EchoModelProps {
  /** Milliseconds of one step. @default 50 */
  readonly step?: number;
  /** For tests. */
  readonly clock?: Clock;
}

const DEFAULT_STEP = 50;
const STEPS: Readonly<Record<JobModel, number>> = { 'echo-small': 5, 'echo-large': 10 };
const SLOW_FACTOR = 20;
/** Words of a prompt that take a step more. */
const WORDS_PER_STEP = 200;
/** Characters of a large answer: over the 1 MiB of a message. */
const LARGE_LENGTH = 1_200_000;

export function echoModel(props: EchoModelProps = {}): ModelProvider {
  const clock = props.clock ?? systemClock;
  const step = props.step ?? DEFAULT_STEP;
  return {
    async run(request, call) {
      const words = new Set(request.prompt.split(/\s+/));
      const fails = words.has('#fail') || (words.has('#fail-once') && request.attempt === 1);
      const steps = stepsOf(request, words);
      for (let done = 1; done <= steps; done += 1) {
        await sleep(clock, step, call.signal);
        call.signal.throwIfAborted();
        if (fails && done >= steps / 2) {
          throw new ModelError('MODEL_FAILED', 'The model stopped half way.', { retryable: true });
        }
        call.onProgress(Math.floor((100 * done) / steps));
      }
      // Not what it promises: a provider's answer may be anything.
      return words.has('#poison') ? ({ noise: true } as unknown as JobResult) : answerOf(request, words);
    },
  } satisfies { run(request: ModelRequest, call: ModelCall): Promise<JobResult> };
}

function stepsOf({ model, prompt }: ModelRequest, words: ReadonlySet<string>): number {
  const steps = STEPS[model] + Math.floor(prompt.split(/\s+/).length / WORDS_PER_STEP);
  return words.has('#slow') ? steps * SLOW_FACTOR : steps;
}

function answerOf({ model, prompt, parameters }: ModelRequest, words: ReadonlySet<string>): JobResult {
  const answer = `${model}: ${prompt}`;
  if (words.has('#large')) {
    return { text: answer.repeat(Math.ceil(LARGE_LENGTH / answer.length)), finishReason: 'stop' };
  }
  const tokens = answer.split(' ');
  const most = parameters.maxTokens ?? tokens.length;
  return tokens.length <= most
    ? { text: answer, finishReason: 'stop' }
    : { text: tokens.slice(0, most).join(' '), finishReason: 'length' };
}
