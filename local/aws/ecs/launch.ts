/**
 * How a container starts as a process of this machine: its command, with this process's Node in the place of the image's,
 * and paths of the container in the place where the image's files come from.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, posix, resolve } from 'node:path';

import { readDockerfile } from './dockerfile.ts';
import type { Dockerfile } from './dockerfile.ts';

/** The build context of an image, which was not built. */
export interface LocalImage {
  readonly directory: string;
  /** Its path in the directory. */
  readonly dockerfile: string;
}

export interface Launch {
  /** The program, and its arguments. */
  readonly program: string;
  readonly parameters: readonly string[];
  readonly directory: string;
  /** Of the image; the task's count more. */
  readonly environment: Readonly<Record<string, string>>;
  /** Directories of the container that hold what it writes, each to be a directory of the task. */
  readonly volumes: readonly string[];
}

/** What a container definition says instead of the image. */
export interface LaunchOverrides {
  readonly entryPoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
}

/** Why the container can't start here, for people. */
export class CannotLaunch extends Error {
  override readonly name = 'CannotLaunch';
}

const NODE = /^(?:.*\/)?node$/;
/** Their entry point is Node. github.com/GoogleContainerTools/distroless/tree/main/nodejs */
const STARTS_NODE_ITSELF = /distroless\/nodejs/;

/** @throws CannotLaunch */
export function launchOf(image: LocalImage, overrides: LaunchOverrides = {}): Launch {
  const file = readDockerfile(textOf(image));
  const entryPoint = overrides.entryPoint ?? file.entryPoint;
  // As Docker has it: another entry point takes the image's command away.
  const command = overrides.command ?? (overrides.entryPoint === undefined ? file.command : []);
  const words = [
    ...(entryPoint.length === 0 && STARTS_NODE_ITSELF.test(file.base) ? ['node'] : []),
    ...entryPoint,
    ...command,
  ];
  const started = words[0] === '/bin/sh' || words[0] === 'sh' ? wordsOfShell(words) : words;
  const [program, ...parameters] = started;
  if (program === undefined || !NODE.test(program)) {
    const what = program === undefined ? 'it names no command' : `its command is '${words.join(' ')}'`;
    throw new CannotLaunch(`only containers that start Node run here, and ${what}`);
  }
  const workingDirectory = overrides.workingDirectory ?? file.workingDirectory;
  const place = (path: string): string | undefined => hostPath(image, file, path);
  return {
    program: process.execPath,
    parameters: parameters.map((word) => placed(word, workingDirectory, place)),
    directory: place(workingDirectory) ?? image.directory,
    environment: file.environment,
    volumes: file.volumes,
  };
}

function textOf({ directory, dockerfile }: LocalImage): string {
  try {
    return readFileSync(resolve(directory, dockerfile), 'utf8');
  } catch (cause) {
    throw new CannotLaunch(`its image has no ${dockerfile} in ${directory}`, { cause });
  }
}

/** `sh -c "exec node index.mjs"`: a line that starts one program and needs no shell for it. */
function wordsOfShell([, flag, line = '']: readonly string[]): readonly string[] {
  if (flag !== '-c' || /[;&|<>$`()*?"'\\]/.test(line)) return [];
  return line
    .trim()
    .replace(/^exec\s+/, '')
    .split(/\s+/);
}

function placed(word: string, workingDirectory: string, place: (path: string) => string | undefined): string {
  const [, option = '', path = word] = /^(--[\w-]+=)(.+)$/.exec(word) ?? [];
  if (option === '' && word.startsWith('-')) return word;
  const found = place(posix.resolve(workingDirectory, path));
  return found !== undefined && existsSync(found) ? `${option}${found}` : word;
}

/** Where a path of the container comes from; undefined for what was copied from nowhere. */
function hostPath({ directory }: LocalImage, { copies }: Dockerfile, path: string): string | undefined {
  for (const { from, to } of copies.toReversed()) {
    const source = resolve(directory, from);
    if (existsSync(source) && statSync(source).isDirectory()) {
      const target = to.replace(/(?<=.)\/$/, '');
      if (path === target) return source;
      const inside = posix.relative(target, path);
      if (!inside.startsWith('..') && existsSync(resolve(source, inside))) return resolve(source, inside);
    } else if (path === (to.endsWith('/') ? posix.join(to, basename(from)) : to)) {
      return source;
    } else if (path === posix.dirname(to.endsWith('/') ? `${to}file` : to)) {
      return dirname(source);
    }
  }
  return undefined;
}
