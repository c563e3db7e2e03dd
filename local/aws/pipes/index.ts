/** EventBridge Pipes: from a queue or stream, through a filter and an enrichment, to one target. */
import { actionNamed } from '../actions.ts';
import type { AuthorizationRequest, AwsContext, AwsService } from '../context.ts';
import { callService } from '../dispatch.ts';
import { passRole } from '../iam/pass-role.ts';
import { page } from '../paging.ts';
import { createCheckpointStore, type Poller } from '../polling/index.ts';
import type { RestRequest, RestRoute } from '../protocols/rest-json.ts';
import { conflict, notFound, validation } from './errors.ts';
import type { Pipe } from './model.ts';
import { readPipe } from './read-pipe.ts';
import { runPipe } from './run-pipe.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly pipes: PipesService;
  }
}

export interface PipesService extends AwsService {
  readonly name: 'pipes';
  pipes(): readonly Pipe[];
  /** Batches that are on their way now. */
  busy(): number;
}

type Input = Record<string, unknown>;

interface Running {
  pipe: Pipe;
  poller: Promise<Poller> | undefined;
  running: Poller | undefined;
}

/** https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_ListPipes.html */
const PAGE_SIZE = 100;

const OPERATIONS: readonly (readonly [method: string, path: string, action: string])[] = [
  ['POST', '/v1/pipes/{Name}', 'CreatePipe'],
  ['GET', '/v1/pipes/{Name}', 'DescribePipe'],
  ['PUT', '/v1/pipes/{Name}', 'UpdatePipe'],
  ['DELETE', '/v1/pipes/{Name}', 'DeletePipe'],
  ['POST', '/v1/pipes/{Name}/start', 'StartPipe'],
  ['POST', '/v1/pipes/{Name}/stop', 'StopPipe'],
  ['GET', '/v1/pipes', 'ListPipes'],
  ['POST', '/tags/{ResourceArn}', 'TagResource'],
  ['DELETE', '/tags/{ResourceArn}', 'UntagResource'],
  ['GET', '/tags/{ResourceArn}', 'ListTagsForResource'],
];

export function createPipesService(context: AwsContext): PipesService {
  const { region, accountId, clock } = context;
  const pipes = new Map<string, Running>();
  const kept = context.state.collection<Pipe>('pipes.pipes');
  const checkpoints = createCheckpointStore(context, 'pipes.checkpoints');

  const existing = (input: Input): Running => {
    const name = typeof input['Name'] === 'string' ? input['Name'] : '';
    const running = pipes.get(name);
    if (running) return running;
    throw notFound(name);
  };

  const stop = async (entry: Running): Promise<void> => {
    const poller = await entry.poller;
    entry.poller = undefined;
    entry.running = undefined;
    await poller?.close();
  };

  const start = (entry: Running): void => {
    if (entry.pipe.DesiredState !== 'RUNNING') return;
    entry.poller = runPipe(context, entry.pipe, checkpoints).then((poller) => (entry.running = poller));
  };

  const change = async (entry: Running, pipe: Pipe): Promise<void> => {
    await stop(entry);
    entry.pipe = pipe;
    kept.put(pipe.Name, pipe);
    start(entry);
    await entry.poller;
  };

  const setState = async (
    input: Input,
    DesiredState: Pipe['DesiredState'],
    passing: string,
  ): Promise<Input> => {
    const entry = existing(input);
    if (entry.pipe.DesiredState === DesiredState) {
      throw conflict(`Pipe ${entry.pipe.Name} is already ${DesiredState}.`);
    }
    await change(entry, { ...entry.pipe, DesiredState, modifiedAt: clock.now() });
    return summaryOf(entry.pipe, passing);
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    async CreatePipe(input) {
      const pipe = readPipe(input, undefined, { region, accountId, now: clock.now() });
      if (pipes.has(pipe.Name)) throw conflict(`Pipe ${pipe.Name} already exists.`);
      const entry: Running = { pipe, poller: undefined, running: undefined };
      pipes.set(pipe.Name, entry);
      kept.put(pipe.Name, pipe);
      start(entry);
      await entry.poller;
      return summaryOf(pipe, 'CREATING');
    },
    async UpdatePipe(input) {
      const entry = existing(input);
      await change(entry, readPipe(input, entry.pipe, { region, accountId, now: clock.now() }));
      return summaryOf(entry.pipe, 'UPDATING');
    },
    async DeletePipe(input) {
      const entry = existing(input);
      pipes.delete(entry.pipe.Name);
      kept.delete(entry.pipe.Name);
      await stop(entry);
      checkpoints.of(entry.pipe.Arn).clear();
      return { ...summaryOf(entry.pipe, 'DELETING'), DesiredState: 'DELETED' };
    },
    DescribePipe(input) {
      const { pipe } = existing(input);
      const { createdAt: _created, modifiedAt: _modified, ...members } = pipe;
      return { ...members, ...summaryOf(pipe) };
    },
    StartPipe: (input) => setState(input, 'RUNNING', 'STARTING'),
    StopPipe: (input) => setState(input, 'STOPPED', 'STOPPING'),
    ListPipes(input) {
      const begins = (value: string, member: string): boolean =>
        typeof input[member] !== 'string' || value.startsWith(input[member]);
      const wanted = [...pipes.values()]
        .map(({ pipe }) => pipe)
        .filter((pipe) => begins(pipe.Name, 'NamePrefix'))
        .filter((pipe) => begins(pipe.Source, 'SourcePrefix') && begins(pipe.Target, 'TargetPrefix'))
        .filter((pipe) => begins(pipe.DesiredState, 'DesiredState'))
        .toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
      const { items, next } = page(wanted, {
        size: Number(input['Limit'] ?? PAGE_SIZE),
        token: typeof input['NextToken'] === 'string' ? input['NextToken'] : undefined,
        invalidToken: () => validation('The NextToken is not valid.'),
      });
      return {
        Pipes: items.map((pipe) => ({
          ...summaryOf(pipe),
          Source: pipe.Source,
          Target: pipe.Target,
          Enrichment: pipe.Enrichment,
        })),
        ...next,
      };
    },
    TagResource: (input) => tag(input, (tags) => ({ ...tags, ...(input['tags'] as Pipe['Tags']) })),
    UntagResource: (input) =>
      tag(input, (tags) => {
        const keys = [input['TagKeys']].flat();
        return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
      }),
    ListTagsForResource: (input) => ({ tags: byArn(input).pipe.Tags }),
  };

  const byArn = (input: Input): Running => {
    const arn = input['ResourceArn'];
    const found = [...pipes.values()].find(({ pipe }) => pipe.Arn === arn);
    if (found) return found;
    throw notFound(typeof arn === 'string' ? arn : '');
  };

  const tag = (input: Input, next: (tags: Pipe['Tags']) => Pipe['Tags']): Input => {
    const entry = byArn(input);
    entry.pipe = { ...entry.pipe, Tags: next(entry.pipe.Tags) };
    kept.put(entry.pipe.Name, entry.pipe);
    return {};
  };

  // Once every service is there: a pipe asks its source at once.
  const restoring = setImmediate(() => {
    for (const [name, pipe] of kept.entries()) {
      if (pipes.has(name)) continue;
      const entry: Running = { pipe, poller: undefined, running: undefined };
      pipes.set(name, entry);
      start(entry);
    }
  });

  const service: PipesService = {
    name: 'pipes',
    protocols: { routes: OPERATIONS.map((operation) => route(context, () => service, operation)) },
    authorization: (action, input) => authorization(context, action, input),
    handle: async (action, input) => actionNamed(actions, 'Pipes', action)(input),
    pipes: () => [...pipes.values()].map(({ pipe }) => pipe),
    busy: () => [...pipes.values()].reduce((sum, { running }) => sum + (running?.inFlight() ?? 0), 0),
    async close() {
      clearImmediate(restoring);
      await Promise.all([...pipes.values()].map(stop));
    },
  };
  return service;
}

function summaryOf(pipe: Pipe, passing?: string): Input {
  return {
    Arn: pipe.Arn,
    Name: pipe.Name,
    DesiredState: pipe.DesiredState,
    CurrentState: passing ?? pipe.DesiredState,
    CreationTime: pipe.createdAt / 1000,
    LastModifiedTime: pipe.modifiedAt / 1000,
  };
}

function route(
  context: AwsContext,
  service: () => PipesService,
  [method, path, action]: (typeof OPERATIONS)[number],
): RestRoute {
  return {
    method,
    path,
    async handle(request) {
      const input = { ...queryMembers(request), ...bodyMembers(request), ...request.parameters };
      const output = await callService(context, service(), action, input, request.caller, request.signal);
      return { status: 200, body: output as object };
    },
  };
}

/** Query parameters by the names of the action's members: `namePrefix` is `NamePrefix`. */
function queryMembers({ query }: RestRequest): Input {
  return Object.fromEntries(
    [...query.keys()].map((name) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      name === 'tagKeys' ? query.getAll(name) : query.get(name),
    ]),
  );
}

function bodyMembers({ body }: RestRequest): Input {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as Input;
  } catch {
    throw validation('The body is not JSON.');
  }
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgepipes.html */
function authorization(
  { region, accountId }: AwsContext,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const name = typeof input['Name'] === 'string' ? input['Name'] : undefined;
  const role = typeof input['RoleArn'] === 'string' ? input['RoleArn'] : undefined;
  const resourceArn = name === undefined ? '*' : `arn:aws:pipes:${region}:${accountId}:pipe/${name}`;
  return [{ action: `pipes:${action}`, resourceArn }, ...passRole('pipes.amazonaws.com', [role])];
}
