/**
 * A provider that needs nobody else: the function that orders posts the signed callbacks itself, to the API's own URL,
 * and the image is drawn from the prompt. The same order makes the same callbacks.
 *
 * | word in the prompt | what it does                                   |
 * |--------------------|------------------------------------------------|
 * | `#fail`            | takes the order and fails                      |
 * | `#silent`          | takes the order and says nothing any more      |
 * | `#slow`            | takes seconds between the two callbacks        |
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { signatureOf } from '../callback/signature.ts';
import type { ImageOrder, ImageProvider } from './image-provider.ts';

export interface DeterministicProviderProps {
  /** Where the callbacks are posted to. */
  readonly callbackUrl: string;
  readonly secrets: () => Promise<readonly string[]>;
  readonly fetch?: typeof fetch;
  /** Milliseconds, for tests. */
  readonly slowness?: number;
}

/** Milliseconds. */
const SLOWNESS = 5_000;
const CALLBACK_TIMEOUT = 30_000;

export function deterministicProvider(props: DeterministicProviderProps): ImageProvider {
  return {
    name: 'deterministic',
    async order(order, signal) {
      const words = order.prompt.split(/\s+/);
      const common = { generationId: order.generationId, coreModel: `deterministic-${order.model}` };
      await callBack(props, { ...common, status: 'PENDING' }, signal);
      if (words.includes('#silent')) return;
      if (words.includes('#slow')) await sleep(props.slowness ?? SLOWNESS, undefined, { signal });
      if (words.includes('#fail')) {
        const error = { code: 'MODEL_FAILED', message: 'The prompt asked for it.' };
        await callBack(props, { ...common, status: 'ERROR', error }, signal);
        return;
      }
      const { width, height } = order;
      const image = { imageUrl: drawn(order), imageWidth: width, imageHeight: height };
      await callBack(props, { ...common, status: 'COMPLETE', ...image }, signal);
    },
  };
}

interface CallbackBody {
  readonly generationId: string;
  readonly status: string;
  readonly [field: string]: unknown;
}

/** @throws Error to be tried again: the ids are the same then, and what arrived counts once */
async function callBack(
  { callbackUrl, secrets, fetch: send = fetch }: DeterministicProviderProps,
  callback: CallbackBody,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify(callback);
  const response = await send(callbackUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-provider-event-id': `${callback.generationId}:${callback.status}`,
      'x-provider-signature': signatureOf(await secrets(), body, Date.now()),
    },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALLBACK_TIMEOUT)]),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the callback was answered with ${response.status}`);
}

const SHAPES = 5;

/** An abstract picture as a `data:` URL: colours and places follow from the prompt. */
function drawn({ prompt, model, width, height }: ImageOrder): string {
  const bytes = createHash('sha512').update(`${model} ${prompt}`).digest();
  const hue = (index: number): number => Math.round((bytes[index]! / 255) * 360);
  const at = (index: number, length: number): number => Math.round((bytes[index]! / 255) * length);
  const circles = Array.from({ length: SHAPES }, (_, shape) => {
    const first = 1 + shape * 4;
    const radius = Math.round(Math.min(width, height) * (0.1 + bytes[first + 3]! / 1_000));
    return `<circle cx="${at(first, width)}" cy="${at(first + 1, height)}" r="${radius}" fill="hsl(${hue(first + 2)} 65% 60% / 0.7)"/>`;
  });
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" fill="hsl(${hue(0)} 45% 25%)"/>`,
    ...circles,
    '</svg>',
  ].join('');
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}
