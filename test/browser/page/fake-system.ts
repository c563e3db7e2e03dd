/** The APIs and the WebSocket API as the page sees them, in the hands of a test. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Generation, Job } from '../../../browser/index.ts';
import { parseClientMessage } from '../../../lambda/push/protocol.ts';
import type { ServerMessage } from '../../../lambda/push/protocol.ts';
import { startLivePage } from '../../../local/run/live-page.ts';

export interface FakeFeedback {
  readonly feedbackId: string;
  readonly productId: string;
  readonly text: string;
  readonly sentiment: { readonly score: number; readonly label: string } | null;
  readonly category: { readonly category: string } | null;
  readonly duplicateOf: { readonly originalId: string } | null;
  readonly priority: { readonly priority: string; readonly reasons: readonly string[] } | null;
}

export interface FakeSystem {
  readonly pageUrl: string;
  readonly jobs: Map<string, Job>;
  readonly generations: Map<string, Generation>;
  /** What was given, by id; what agents found out is set by the test. */
  readonly feedback: Map<string, FakeFeedback>;
  /** Of jobs, with their keys: a repetition is one more. */
  readonly submissions: { readonly key: string; readonly prompt: string; readonly model: string }[];
  /** Answers to give before the real ones, by `METHOD /path`; the last stays. */
  readonly failures: Map<
    string,
    { readonly status: number; readonly code: string; readonly detail: string }[]
  >;
  setJob(jobId: string, change: Partial<Job>): void;
  setFeedback(feedbackId: string, change: Partial<FakeFeedback>): void;
  lastFeedback(): FakeFeedback;
  /** The newest job. */
  lastJob(): Job;
  lastGeneration(): Generation;
  /** Ends it and notifies. */
  finish(generationId: string, status: 'COMPLETE' | 'ERROR'): void;
  /** As another device of the same user would. */
  order(prompt: string): Generation;
  sockets(): number;
  /** Breaks off all connections. */
  cut(): void;
  /** While true no connection comes about. */
  refusing: boolean;
  /** Bearer tokens that are not taken any more. */
  readonly ended: Set<string>;
  token: string;
  /** Tells all that the session has ended. */
  expire(): void;
  stop(): Promise<void>;
}

const PAGE = 3;
const svg = (text: string): string =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="#3b6ea5"/><circle cx="290" cy="90" r="46" fill="#f2d16b"/><path d="M0 240 Q120 150 220 230 T400 200 V300 H0Z" fill="#1f3d5c"/><title>${text.length}</title></svg>`,
  )}`;
const tokenFor = (turn: number): string =>
  `h.${Buffer.from(JSON.stringify({ tenantId: 'acme', sub: 'ada', turn })).toString('base64url')}.s`;

export async function startFakeSystem(
  apis: { jobs?: boolean; generation?: boolean; feedback?: boolean } = {},
): Promise<FakeSystem> {
  const notes: (ServerMessage & { type: 'notification' })[] = [];
  const open = new Set<WebSocket>();
  const byKey = new Map<string, string>();
  let count = 0;

  const system: FakeSystem = {
    pageUrl: '',
    jobs: new Map(),
    generations: new Map(),
    feedback: new Map(),
    submissions: [],
    failures: new Map(),
    setJob: (jobId, change) => {
      const job = system.jobs.get(jobId)!;
      system.jobs.set(jobId, { ...job, ...change, updatedAt: new Date().toISOString() });
    },
    setFeedback: (feedbackId, change) => {
      system.feedback.set(feedbackId, { ...system.feedback.get(feedbackId)!, ...change });
    },
    lastFeedback: () => [...system.feedback.values()].at(-1)!,
    lastJob: () => [...system.jobs.values()].at(-1)!,
    lastGeneration: () => [...system.generations.values()].at(-1)!,
    finish: (generationId, status) => {
      const before = system.generations.get(generationId)!;
      const image = { imageUrl: svg(before.prompt ?? ''), imageWidth: 1024, imageHeight: 768 };
      const generation: Generation = {
        ...before,
        ...(status === 'COMPLETE' && image),
        status,
        updatedAt: new Date().toISOString(),
      };
      system.generations.set(generationId, generation);
      const cursor = notes.length + 1;
      const note = {
        type: 'notification',
        id: `event-${cursor}`,
        cursor,
        eventType: 'GenerationComplete',
        data: generation,
      } as const;
      notes.push(note);
      for (const socket of open) tell(socket, note);
    },
    order: (prompt) => {
      count += 1;
      const generation: Generation = {
        generationId: `gen_${String(count).padStart(6, '0')}`,
        prompt,
        status: 'PENDING',
        imageUrl: null,
        coreModel: 'image-small-2',
        createdAt: new Date().toISOString(),
      };
      system.generations.set(generation.generationId, generation);
      return generation;
    },
    sockets: () => open.size,
    cut: () => {
      for (const socket of open) socket.terminate();
    },
    refusing: false,
    ended: new Set(),
    token: tokenFor(0),
    expire: () => {
      system.ended.add(system.token);
      system.token = tokenFor(system.ended.size);
      for (const socket of open) {
        tell(socket, { type: 'expired' });
        socket.close(1008);
      }
    },
    stop: async () => {
      await page.stop();
      system.cut();
      webSockets.close();
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
    },
  };
  const tell = (socket: WebSocket, message: ServerMessage): void => socket.send(JSON.stringify(message));

  const route = (
    method: string,
    url: URL,
    body: Record<string, unknown>,
    key: string,
  ): [number, object, object?] => {
    const id = decodeURIComponent(url.pathname.split('/')[2] ?? '');
    const limit = Number(url.searchParams.get('limit') ?? 20);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const page = <Item>(items: Iterable<Item>) => {
      const newest = [...items].toReversed();
      const nextCursor = from + limit < newest.length ? String(from + limit) : null;
      return { items: newest.slice(from, from + limit), nextCursor };
    };
    switch (`${method} ${url.pathname.replace(/^(\/\w+)\/.+$/, '$1/{id}')}`) {
      case 'POST /jobs': {
        const { prompt, model } = body as { prompt: string; model: string };
        system.submissions.push({ key, prompt, model });
        const jobId = byKey.get(key) ?? `0123456789abcdef-${String(system.jobs.size + 1).padStart(12, '0')}`;
        byKey.set(key, jobId);
        const createdAt = new Date().toISOString();
        if (!system.jobs.has(jobId)) {
          system.jobs.set(jobId, { jobId, status: 'queued', progress: 0, attempt: 0, model, createdAt });
        }
        return [202, { jobId, status: 'queued' }, { 'retry-after': '0' }];
      }
      case 'GET /jobs': {
        const { items, nextCursor } = page(system.jobs.values());
        return [200, { items: items.map((job) => ({ ...job, result: undefined })), nextCursor }];
      }
      case 'GET /jobs/{id}': {
        const job = system.jobs.get(id);
        return job === undefined
          ? [404, problem('WAYBILL_NOT_FOUND', 404, 'You have no such job.')]
          : [200, job, { 'retry-after': '0' }];
      }
      case 'DELETE /jobs/{id}':
        system.setJob(id, { status: 'cancelled', endedAt: new Date().toISOString() });
        return [202, system.jobs.get(id)!];
      case 'POST /generations': {
        const { generationId, status } = system.order(String(body['prompt']));
        return [202, { generationId, status }];
      }
      case 'GET /generations':
        return [200, page(system.generations.values())];
      case 'POST /feedback': {
        const { productId, text } = body as { productId: string; text: string };
        const known = byKey.get(key);
        const feedbackId = known ?? `fbk_${String(system.feedback.size + 1).padStart(32, '0')}`;
        byKey.set(key, feedbackId);
        const nothing = { sentiment: null, category: null, duplicateOf: null, priority: null };
        if (known === undefined) system.feedback.set(feedbackId, { feedbackId, productId, text, ...nothing });
        return [202, { feedbackId }];
      }
      case 'GET /feedback/{id}':
        return [200, system.feedback.get(id)!];
      case 'GET /roadmap':
        return [200, { items: ROADMAP }];
      case 'POST /tickets':
        return [
          201,
          { ticket: 't', url: `ws://127.0.0.1:${(api.address() as AddressInfo).port}/local?ticket=t` },
        ];
      default:
        return [404, problem('WAYBILL_NOT_FOUND', 404, 'There is nothing here.')];
    }
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? '/', 'http://api');
    const key = `${request.method} ${url.pathname}`;
    const planned = system.failures.get(key);
    const failure = planned?.length === 1 ? planned[0] : planned?.shift();
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const [status, body, headers] =
      failure !== undefined
        ? [failure.status, problem(failure.code, failure.status, failure.detail), {}]
        : system.ended.has(token)
          ? [401, problem('WAYBILL_NOT_AUTHENTICATED', 401, 'The token has expired.'), {}]
          : route(
              request.method ?? 'GET',
              url,
              text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
              String(request.headers['idempotency-key']),
            );
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(JSON.stringify(body));
  };
  const api = createServer((request, response) => void answer(request, response));
  const webSockets = new WebSocketServer({ noServer: true });
  api.on('upgrade', (request, socket, head) => {
    if (system.refusing) {
      socket.destroy();
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (opened) => {
      open.add(opened);
      opened.on('close', () => open.delete(opened));
      opened.on('message', (data: Buffer) => {
        const message = parseClientMessage(data.toString('utf8'));
        if (message?.action === 'ping') tell(opened, { type: 'pong', cursor: notes.length });
        if (message?.action !== 'resume') return;
        const from = message.cursor === 'latest' ? notes.length : message.cursor;
        const sent = notes.slice(from, from + PAGE);
        for (const note of sent) tell(opened, note);
        const cursor = Math.min(from, notes.length) + sent.length;
        tell(opened, { type: cursor < notes.length ? 'more' : 'caught-up', cursor });
      });
    });
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const page = await startLivePage({
    ...(apis.jobs !== false && { jobsUrl: url }),
    ...(apis.generation !== false && { generationUrl: () => url }),
    ...(apis.feedback === true && { feedback: { url, states: () => Promise.resolve(AGENT_STATES) } }),
    token: () => system.token,
  });
  return Object.assign(system, { pageUrl: page.url });
}

const AGENT_STATES = ['sentiment', 'categorisation', 'duplicate-detection', 'weekly-digest'].map((agent) => ({
  agent,
  transport: 'postgres',
  handled: 123_456,
  waiting: 12,
}));
const ROADMAP = ['feature-request', 'performance'].map((category) => ({
  productId: 'compass',
  category,
  feedbacks: 1_234,
  votes: 567,
  urgent: 8,
}));

const problem = (code: string, status: number, detail: string): object => ({
  type: `urn:waybill:problem:${code}`,
  title: 'The request was refused',
  status,
  code,
  detail,
});
