/** One generation in the list: waiting, its image, or why there is none. */
import type { Generation } from '../../browser/index.ts';
import { copyOf, joined, part, timeOf, write } from './dom.ts';

const STATUS = {
  PENDING: ['Pending', 'wait'],
  COMPLETE: ['Complete', 'good'],
  ERROR: ['Failed', 'bad'],
} as const;

export interface ImageCard {
  readonly element: HTMLElement;
  readonly generation: Generation;
  /** Whether anything changed: a generation that has ended never does. */
  update(generation: Generation): boolean;
  markMissed(): void;
}

export function createImageCard(first: Generation): ImageCard {
  const element = copyOf('image-card');
  const image = part(element, 'image', HTMLImageElement);
  const waiting = part(element, 'waiting');
  const frame = part(element, 'frame');
  let current = first;

  image.addEventListener('error', () => {
    image.hidden = true;
    waiting.hidden = false;
    write(waiting, 'The image can not be loaded');
  });

  const draw = (): void => {
    const { status, prompt = '', imageUrl, imageWidth, imageHeight, coreModel } = current;
    const [text, tone] = STATUS[status] ?? [status, ''];
    const title = prompt === '' ? `Image ${current.generationId.slice(-12)}` : prompt;
    write(part(element, 'title'), title);
    const statusPart = part(element, 'status');
    write(statusPart, text);
    statusPart.dataset['tone'] = tone;
    frame.dataset['pending'] = String(status === 'PENDING');
    const hasImage = status === 'COMPLETE' && typeof imageUrl === 'string';
    if (hasImage && image.getAttribute('src') !== imageUrl) {
      image.alt = title;
      image.src = imageUrl;
    }
    image.hidden = !hasImage;
    waiting.hidden = hasImage;
    if (status === 'ERROR') write(waiting, 'No image');
    const size = imageWidth && imageHeight ? `${imageWidth} × ${imageHeight}` : undefined;
    write(part(element, 'meta'), joined(coreModel, size, timeOf(current.updatedAt ?? current.createdAt)));
    const code = current.errorCode ? ` (${current.errorCode})` : '';
    write(part(element, 'problem'), status === 'ERROR' ? `The image could not be generated.${code}` : '');
  };
  draw();
  return {
    element,
    get generation() {
      return current;
    },
    update: (generation) => {
      if (current.status !== 'PENDING' && generation.status === 'PENDING') return false;
      const changed = generation.status !== current.status;
      current = { ...current, ...generation };
      draw();
      return changed;
    },
    markMissed: () => {
      part(element, 'missed').hidden = false;
    },
  };
}
