/** What happened since the start, kept for assertions: deliveries, invocations, denied calls. */
import type { AwsContext, Happening } from '../aws/index.ts';

/** Of each kind the newest so many are kept. */
const KEPT_RECORDS = 100_000;

/** What became of one message or event at one subscription or target. */
export interface Delivery {
  readonly outcome: 'delivered' | 'filtered' | 'failed' | 'dead-lettered';
  /** Message id of SNS, event id of EventBridge. */
  readonly messageId: string;
  /** The subscription or the rule. */
  readonly via: string;
  /** ARN or address of what it went to: the endpoint, the target, or the dead-letter queue. */
  readonly target: string;
  /** Of a failure: AWS's error code. */
  readonly errorCode: string | undefined;
  /** Milliseconds since the Unix epoch, by the clock of the embedded AWS. */
  readonly at: number;
}

/** One run of a function. */
export interface Invocation {
  readonly requestId: string;
  /** Undefined when the handler returned. */
  readonly errorType: string | undefined;
  readonly coldStart: boolean;
  readonly at: number;
}

/** A call that a policy refused. */
export interface DeniedCall {
  readonly service: string;
  readonly resourceArn: string;
  /** What the refusal says: action, principal, and the statement that would be needed. */
  readonly detail: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly at: number;
}

export interface Records {
  /** By the ARN of the topic or of the rule. */
  deliveries(of: (happening: Happening) => boolean): readonly Delivery[];
  invocations(functionArn: string): readonly Invocation[];
  denied(): readonly DeniedCall[];
  /** Event ids that a bus took. */
  published(resourceArn: string): readonly { readonly messageId: string; readonly at: number }[];
}

const OUTCOMES: Readonly<Partial<Record<Happening['kind'], Delivery['outcome']>>> = {
  delivered: 'delivered',
  filtered: 'filtered',
  'delivery-failed': 'failed',
  'dead-lettered': 'dead-lettered',
};

export function recordHappenings(context: AwsContext): Records {
  const kept = new Map<string, Happening[]>();
  context.events.observe((happening) => {
    const list = kept.get(happening.kind) ?? [];
    kept.set(happening.kind, list);
    list.push(happening);
    // In steps, so that dropping the oldest costs little.
    if (list.length > KEPT_RECORDS * 1.1) list.splice(0, list.length - KEPT_RECORDS);
  });
  const ofKind = (kind: string): readonly Happening[] => kept.get(kind) ?? [];

  return {
    deliveries: (wanted) =>
      Object.keys(OUTCOMES)
        .flatMap((kind) => ofKind(kind).filter(wanted))
        .toSorted((a, b) => a.at - b.at)
        .map(deliveryOf),
    invocations: (functionArn) =>
      ofKind('returned')
        .filter(({ resourceArn }) => resourceArn === functionArn)
        .map(({ detail, at }) => ({
          requestId: String(detail?.['requestId']),
          errorType: detail?.['errorType'] === undefined ? undefined : String(detail['errorType']),
          coldStart: detail?.['coldStart'] === true,
          at,
        })),
    denied: () =>
      ofKind('denied').map(({ service, resourceArn, detail = {}, at }) => ({
        service,
        resourceArn,
        detail,
        at,
      })),
    published: (arn) =>
      ofKind('published')
        .filter(({ resourceArn }) => resourceArn === arn)
        .map(({ messageId = '', at }) => ({ messageId, at })),
  };
}

function deliveryOf({ kind, messageId = '', resourceArn, detail, at }: Happening): Delivery {
  return {
    outcome: OUTCOMES[kind] ?? 'failed',
    messageId,
    via: resourceArn,
    target: String(detail?.['target'] ?? ''),
    errorCode: detail?.['errorCode'] === undefined ? undefined : String(detail['errorCode']),
    at,
  };
}
