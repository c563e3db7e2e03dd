/** The server of the example page: its files, its settings, the APIs under its own origin, and who may ask. */
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startLivePage } from '../../../local/run/live-page.ts';
import type { LivePage } from '../../../local/run/live-page.ts';

let page: LivePage;
let tokens = 0;
const seen: { method?: string; url?: string; headers: IncomingHttpHeaders; body: string }[] = [];
const api = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += String(chunk)));
  request.on('end', () => {
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
    response.writeHead(202, {
      'content-type': 'application/json',
      'retry-after': '2',
      location: '/jobs/j-1',
      'set-cookie': 'a=b',
    });
    response.end('{"jobId":"j-1"}');
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const { port } = api.address() as AddressInfo;
  page = await startLivePage({
    jobsUrl: async () => `http://127.0.0.1:${port}/local/`,
    token: () => `token-${(tokens += 1)}`,
  });
});
afterAll(async () => {
  await page.stop();
  await new Promise((resolve) => api.close(resolve));
});

test.each([
  ['', 'text/html', 'Jobs and images'],
  ['style.css', 'text/css', 'color-scheme'],
  ['main.js', 'text/javascript', 'config.json'],
])('serves its own %s', async (path, type, text) => {
  const response = await fetch(page.url + path);
  expect(response.headers.get('content-type')).toContain(type);
  expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(await response.text()).toContain(text);
});

test('without agents there are no states of agents, and no feedback to give', async () => {
  expect(await (await fetch(`${page.url}agents.json`)).json()).toEqual([]);
  expect((await fetch(`${page.url}api/feedback/feedback`, { method: 'POST' })).status).toBe(404);
});

test('the settings name the APIs that there are, and a token that is asked for each time', async () => {
  const settings = async (): Promise<unknown> => (await fetch(`${page.url}config.json`)).json();
  expect(await settings()).toEqual({ jobsUrl: './api/jobs', token: 'token-1' });
  expect(await settings()).toEqual({ jobsUrl: './api/jobs', token: 'token-2' });
});

test('a call of the API is passed on and its answer back, without what belongs to neither', async () => {
  const response = await fetch(`${page.url}api/jobs/jobs?limit=1`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer t',
      'content-type': 'application/json',
      'idempotency-key': 'k',
      cookie: 'c=d',
    },
    body: '{"prompt":"é"}',
  });
  expect([response.status, await response.json()]).toEqual([202, { jobId: 'j-1' }]);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(response.headers.get('location')).toBe('/jobs/j-1');
  expect(response.headers.get('set-cookie')).toBeNull();
  const { method, url, headers, body } = seen.at(-1)!;
  expect([method, url, body]).toEqual(['POST', '/local/jobs?limit=1', '{"prompt":"é"}']);
  expect(headers).toMatchObject({ authorization: 'Bearer t', 'idempotency-key': 'k' });
  expect(headers.cookie).toBeUndefined();
});

test.each([
  ['an API that does not run', 'GET', 'api/generation/generations', 404],
  ['an unknown address', 'GET', 'etc/passwd', 404],
  ['a way up', 'GET', 'api/jobs/../../package.json', 404],
  ['writing to the page', 'POST', '', 405],
])('%s is refused', async (_name, method, path, status) => {
  const response = await fetch(page.url + path, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});

test('an API that can not be reached is a problem document', async () => {
  const other = await startLivePage({ generationUrl: 'http://127.0.0.1:1', token: 't' });
  const response = await fetch(`${other.url}api/generation/generations`);
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
    502,
    'LIVE_PAGE_UPSTREAM',
  ]);
  await other.stop();
});

test('a page of another name that points here gets no token', async () => {
  const { port } = new URL(page.url);
  const status = await new Promise((resolve, reject) => {
    httpRequest(
      { port, host: '127.0.0.1', path: '/config.json', headers: { host: `evil.test:${port}` } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on('error', reject)
      .end();
  });
  expect(status).toBe(421);
});
