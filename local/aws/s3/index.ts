/** S3: buckets and objects in this process, spoken to over the wire or by the methods below. */
import { actionNamed } from '../actions.ts';
import {
  rootCaller,
  type AwsContext,
  type AwsService,
  type StreamedRequest,
  type StreamedResponse,
} from '../context.ts';
import { callService, ResponseDropped } from '../dispatch.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { s3Authorization, seeingWhatIsThere } from './authorization.ts';
import { bucketActions } from './buckets.ts';
import { piecesOf } from './content.ts';
import { createLifecycle } from './lifecycle.ts';
import { listingActions } from './listing.ts';
import { requestMetrics } from './metrics.ts';
import { multipartActions } from './multipart.ts';
import { createNotifications } from './notifications.ts';
import { objectActions, type Output } from './objects.ts';
import { addressOf, operationOf, type Address } from './operations.ts';
import { inputOf } from './request.ts';
import { errorResponse, responseOf } from './response.ts';
import { createStore } from './store.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly s3: S3Service;
  }
}

export interface S3Service extends AwsService {
  readonly name: 's3';
  /** The whole object in memory. @throws AwsError NoSuchBucket, NoSuchKey, NoSuchVersion */
  readObject(bucket: string, key: string, versionId?: string): Promise<Buffer>;
  bucketNames(): readonly string[];
  /** Event notifications that have not been delivered yet. */
  pending(): number;
}

const FORBIDDEN = 403;

/** S3 without buckets. */
export function createS3Service(context: AwsContext): S3Service {
  const store = createStore(context);
  const notifications = createNotifications(context);
  const lifecycle = createLifecycle(context, store, notifications.notify);
  const actions = {
    ...bucketActions(context, store, {
      async before(bucket, kind, tree) {
        if (kind === 'notification') await notifications.test(bucket, tree);
      },
      after(kind) {
        if (kind === 'lifecycle') lifecycle.arm();
      },
    }),
    ...objectActions(context, store, notifications.notify),
    ...listingActions(context.accountId, store),
    ...multipartActions(context, store, notifications.notify),
  };

  const service: S3Service = {
    name: 's3',
    protocols: {
      streamed: {
        accepts(host, path) {
          const { bucket } = addressOrNone(host, path);
          return bucket !== undefined && store.buckets.has(bucket);
        },
        handle: (request) => answer(request),
      },
    },
    async handle(action, input) {
      return actionNamed(actions, 'S3', action)(input);
    },
    authorization: (action, input) => s3Authorization(store.buckets, action, input),
    async readObject(bucket, key, versionId) {
      const { Body } = (await service.handle(
        'GetObject',
        { Bucket: bucket, Key: key, VersionId: versionId },
        rootCaller(context),
      )) as Output;
      const pieces: Buffer[] = [];
      for await (const piece of piecesOf(Body)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    bucketNames: () => [...store.buckets.keys()],
    pending: () => notifications.pending(),
    close() {
      notifications.close();
      lifecycle.close();
      store.close();
    },
  };

  const answer = async (request: StreamedRequest): Promise<StreamedResponse> => {
    const { bucket } = addressOrNone(request.headers['host'] ?? '', request.path);
    const measure = requestMetrics(context, bucket === undefined ? undefined : store.buckets.get(bucket));
    let response: StreamedResponse;
    try {
      response = await run(request);
    } catch (error) {
      if (error instanceof ResponseDropped) throw error;
      response = errorResponse(asAwsError(error), request.path, request.requestId);
    }
    measure(request.method, response);
    return response;
  };

  const run = async (request: StreamedRequest): Promise<StreamedResponse> => {
    refuseExpired(context, request.query);
    const address = addressOf(request.headers['host'] ?? '', request.path);
    const action = operationOf(request.method, address, request.query, request.headers);
    const { ExpectedBucketOwner, ...input } = await inputOf(action, address, request);
    if (ExpectedBucketOwner !== undefined && ExpectedBucketOwner !== context.accountId) {
      throw new AwsError('AccessDenied', 'Access Denied', FORBIDDEN);
    }
    const output = await callService(context, service, action, input, request.caller, request.signal).catch(
      (error: unknown) => {
        if (isMissingObject(error)) {
          context.authorizer?.authorize('s3', request.caller, [seeingWhatIsThere(store.buckets, input)]);
        }
        throw error;
      },
    );
    return responseOf(action, output as Output);
  };

  return service;
}

function isMissingObject(error: unknown): boolean {
  return error instanceof AwsError && error.code === 'NoSuchKey';
}

function addressOrNone(host: string, path: string): Address {
  try {
    return addressOf(host, path);
  } catch {
    return { bucket: undefined, key: undefined };
  }
}

/** A presigned URL is good for `X-Amz-Expires` seconds. */
function refuseExpired(context: AwsContext, query: URLSearchParams): void {
  const expires = query.get('X-Amz-Expires');
  const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(query.get('X-Amz-Date') ?? '') ?? [];
  if (expires === null || date === undefined || time === undefined) return;
  const iso = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`;
  if (context.clock.now() > Date.parse(iso) + Number(expires) * 1000) {
    throw new AwsError('AccessDenied', 'Request has expired', FORBIDDEN);
  }
}
