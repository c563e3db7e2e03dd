/**
 * Where an execution stands: one frame for the machine, and one for each branch and iteration that was begun. Frames
 * are what a restart and a redrive go on from, so each change is kept.
 */
import type { Collection } from '../../state/index.ts';
import type { Json, JsonObject } from '../json.ts';

/** A flow at work. Plain JSON. */
export interface Frame {
  /** `` for the machine, then `/<state>:<index>` for each level below. */
  readonly path: string;
  /** The state that runs, or runs next. */
  state: string;
  /** The input of that state. */
  input: Json;
  variables: JsonObject;
  /** The event that the flow's next event follows. */
  lastEvent: number;
  /** Set once the state was entered. */
  entered?: { readonly event: number; readonly at: number } | undefined;
  /** Attempts so far, by the position of the retrier. */
  retries: Record<string, number>;
  retryCount: number;
  /** Milliseconds since the epoch: a Wait's end, or the next attempt. */
  waitUntil?: number | undefined;
  task?: FrameTask | undefined;
  /** The item, in an iteration of a Map. */
  item?: { readonly Index: number; readonly Value: Json } | undefined;
  /** Set when the flow has ended well. */
  done?: { readonly output: Json } | undefined;
}

/** A task that others complete: it outlives the process. */
export interface FrameTask {
  readonly token: string;
  /** When the attempt began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** True when the service has taken the request, or a worker the activity's task. */
  readonly submitted: boolean;
  readonly parameters: Json;
  /** The execution a `.sync` task waits for. */
  readonly childArn?: string;
}

export interface Frames {
  /** The frame at a place: where it stood, or a new one. */
  open(path: string, start: () => Omit<Frame, 'path' | 'retries' | 'retryCount'>): Frame;
  /** True when branches or iterations of the frame's state were begun: before a restart or a redrive. */
  hasBelow(frame: Frame): boolean;
  /** The frame changed. */
  save(frame: Frame): void;
  /** The branches or iterations of the frame's state are over. */
  dropBelow(frame: Frame): void;
  /** What was left undone by a failed run is tried afresh: attempts are counted from nought. */
  prepareRedrive(): void;
  dropAll(): void;
}

/** The frames of one execution; `kept` are those of an earlier process. */
export function createFrames(
  executionArn: string,
  collection: Collection<Frame> | undefined,
  kept: readonly Frame[],
): Frames {
  const frames = new Map<string, Frame>(kept.map((frame) => [frame.path, frame]));
  const children = new Map<string, Set<string>>();
  for (const { path } of kept) adopt(children, path);

  const key = (path: string) => `${executionArn}#${path}`;
  const drop = (path: string): void => {
    for (const child of children.get(path) ?? []) drop(child);
    children.delete(path);
    if (frames.delete(path)) collection?.delete(key(path));
  };
  return {
    open(path, start) {
      const known = frames.get(path);
      if (known) return known;
      const frame: Frame = { path, retries: {}, retryCount: 0, ...start() };
      frames.set(path, frame);
      adopt(children, path);
      return frame;
    },
    hasBelow: (frame) => children.has(frame.path),
    save(frame) {
      collection?.put(key(frame.path), frame);
    },
    dropBelow(frame) {
      for (const child of children.get(frame.path) ?? []) drop(child);
      children.delete(frame.path);
    },
    prepareRedrive() {
      for (const frame of frames.values()) {
        if (frame.done) continue;
        frame.retries = {};
        frame.retryCount = 0;
        frame.waitUntil = undefined;
        frame.task = undefined;
        collection?.put(key(frame.path), frame);
      }
    },
    dropAll() {
      for (const path of frames.keys()) collection?.delete(key(path));
      frames.clear();
      children.clear();
    },
  };
}

/** The path of a branch or iteration of the frame's state. */
export function pathBelow(frame: Frame, index: number): string {
  return `${frame.path}/${encodeURIComponent(frame.state)}:${index}`;
}

function adopt(children: Map<string, Set<string>>, path: string): void {
  if (path === '') return;
  const parent = path.slice(0, path.lastIndexOf('/'));
  const known = children.get(parent);
  if (known) known.add(path);
  else children.set(parent, new Set([path]));
}
