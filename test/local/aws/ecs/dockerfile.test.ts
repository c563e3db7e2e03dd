/** What of a Dockerfile counts for a container that runs as a process of this machine, and how it is started. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readDockerfile } from '../../../../local/aws/ecs/dockerfile.ts';
import { CannotLaunch, launchOf } from '../../../../local/aws/ecs/launch.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-image-'));
  await mkdir(join(directory, 'bundle'));
  await writeFile(join(directory, 'index.mjs'), '');
  await writeFile(join(directory, 'bundle', 'main.mjs'), '');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const launch = async (dockerfile: string, overrides = {}) => {
  await writeFile(join(directory, 'Dockerfile'), dockerfile);
  return launchOf({ directory, dockerfile: 'Dockerfile' }, overrides);
};

test('the last stage counts, with comments, continued lines and both forms of ENV', () => {
  const file = readDockerfile(`
# syntax=docker/dockerfile:1
FROM node:24 AS build
WORKDIR /build
CMD ["never"]
FROM --platform=linux/arm64 node:24-slim
ENV NODE_ENV=production NAME="two words"
ENV OLD one value
WORKDIR /app
WORKDIR inner
COPY --from=build /build/out .
COPY --chown=node:node index.mjs package.json \\
     ./
RUN npm ci
VOLUME ["/tmp"]
USER node
CMD ["node", "index.mjs"]
`);
  expect(file).toEqual({
    base: 'node:24-slim',
    workingDirectory: '/app/inner',
    entryPoint: [],
    command: ['node', 'index.mjs'],
    environment: { NODE_ENV: 'production', NAME: 'two words', OLD: 'one value' },
    copies: [
      { from: 'index.mjs', to: '/app/inner/' },
      { from: 'package.json', to: '/app/inner/' },
    ],
    volumes: ['/tmp'],
  });
});

test("Node of this machine runs the file that was copied, in the place of the container's", async () => {
  const started = await launch(
    'FROM node:24\nWORKDIR /app\nCOPY bundle/ .\nCMD ["node", "--enable-source-maps", "main.mjs"]\n',
  );
  expect(started.program).toBe(process.execPath);
  expect(started.parameters).toEqual(['--enable-source-maps', join(directory, 'bundle', 'main.mjs')]);
  expect(started.directory).toBe(join(directory, 'bundle'));
});

test.each([
  ['an absolute path', 'FROM node:24\nCOPY . /srv\nCMD ["/usr/local/bin/node", "/srv/index.mjs"]'],
  [
    'a file under another name',
    'FROM node:24\nCOPY index.mjs /srv/start.mjs\nCMD ["node", "/srv/start.mjs"]',
  ],
  ['a file in a directory', 'FROM node:24\nWORKDIR /app\nCOPY index.mjs ./\nCMD ["node", "index.mjs"]'],
  ['a line for the shell', 'FROM node:24\nWORKDIR /app\nCOPY . .\nCMD exec node index.mjs'],
  ['an entry point', 'FROM node:24\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["node"]\nCMD ["index.mjs"]'],
  [
    'an image that starts Node',
    'FROM gcr.io/distroless/nodejs24-debian13\nWORKDIR /app\nCOPY . .\nCMD ["index.mjs"]',
  ],
])('%s is found', async (_what, dockerfile) => {
  const { parameters } = await launch(dockerfile);
  expect(parameters).toEqual([join(directory, 'index.mjs')]);
});

test("the container definition's words come before the image's, and another entry point takes its command away", async () => {
  const dockerfile = 'FROM node:24\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["node"]\nCMD ["index.mjs"]';
  const other = await launch(dockerfile, { command: ['bundle/main.mjs', '--loud'] });
  expect(other.parameters).toEqual([join(directory, 'bundle', 'main.mjs'), '--loud']);
  await expect(launch(dockerfile, { entryPoint: ['python'] })).rejects.toThrow("its command is 'python'");
});

test.each([
  ['another program', 'FROM nginx\nCMD ["nginx", "-g", "daemon off;"]'],
  ['a shell that does more', 'FROM node:24\nCMD node a.mjs && node b.mjs'],
  ['no command', 'FROM node:24\nCOPY . .'],
])('%s is refused', async (_what, dockerfile) => {
  await expect(launch(dockerfile)).rejects.toThrow(CannotLaunch);
});

test('an image without its Dockerfile is refused', () => {
  expect(() => launchOf({ directory, dockerfile: 'Dockerfile.prod' })).toThrow('has no Dockerfile.prod');
});
