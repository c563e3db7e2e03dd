/** The calls of a run that a policy denied, each kind once, with the statement that would let it in. */
import type { AwsContext } from '../aws/index.ts';

export interface DeniedCall {
  readonly principal: string;
  readonly action: string;
  readonly resourceArn: string;
  /** Which policy is to be changed. */
  readonly policy: string;
  /** To be added there, as JSON; undefined when a Deny stands in the way. */
  readonly statement: string | undefined;
  /** How often it happened. */
  times: number;
}

/**
 * Watches from now on; the returned function lists what was denied so far, in the order in which it first happened.
 *
 * @param onFirst called when a kind of call is denied for the first time
 */
export function watchDenials(
  context: AwsContext,
  onFirst: (denied: DeniedCall) => void = () => {},
): () => readonly DeniedCall[] {
  const denied = new Map<string, DeniedCall>();
  context.events.observe(({ kind, resourceArn, detail = {} }) => {
    if (kind !== 'denied') return;
    const [principal, action, policy] = ['principal', 'action', 'policy'].map((name) => String(detail[name]));
    const key = `${principal} ${action} ${resourceArn}`;
    const known = denied.get(key);
    if (known !== undefined) {
      known.times += 1;
      return;
    }
    const statement = detail['statement'] === undefined ? undefined : String(detail['statement']);
    const first: DeniedCall = {
      principal: principal ?? '',
      action: action ?? '',
      resourceArn,
      policy: policy ?? '',
      statement,
      times: 1,
    };
    denied.set(key, first);
    onFirst(first);
  });
  return () => [...denied.values()];
}

/** `events.amazonaws.com may not sqs:SendMessage arn:... (3 times)`, and what to add where. */
export function describeDenial({
  principal,
  action,
  resourceArn,
  policy,
  statement,
  times,
}: DeniedCall): string {
  const call = `${principal} may not ${action} ${resourceArn}${times > 1 ? ` (${times} times)` : ''}`;
  return statement === undefined
    ? `${call}\n  see ${policy}`
    : `${call}\n  add to ${policy}:\n  ${statement}`;
}
