/** From what a test calls a resource to its ARN: an ARN, a name, a queue URL, or the logical id of a deployed template. */
import type { DeployedResource } from '../assembly/index.ts';

/** The test names a resource that is not there, or that could be several. */
export class UnknownResourceError extends Error {
  override readonly name = 'UnknownResourceError';
  readonly code = 'WAYBILL_UNKNOWN_RESOURCE';
}

/** What CDK puts behind the path of a construct to make its logical id. */
const CDK_HASH = /[0-9A-F]{8}$/;

/** Where a reference is looked up, in this order: ARN, name, logical id, path of the construct, start of a logical id. */
export interface Candidates {
  /** What the resources are, for the message: `queue`. */
  readonly kind: string;
  readonly arns: readonly string[];
  /** The CloudFormation type of the kind. */
  readonly type: string;
  readonly deployed: readonly DeployedResource[];
  /** The ARN of a deployed resource's physical id. */
  readonly arnOf: (physicalId: string) => string | undefined;
}

/**
 * `Fulfilment/Queue` and `FulfilmentQueue` both mean the resource of the construct with this path, else the one
 * resource whose logical id starts like that.
 * @throws UnknownResourceError listing what there is
 */
export function resolveName(reference: string, candidates: Candidates): string {
  const { arns, deployed, type, kind, arnOf } = candidates;
  const exact = arns.find((arn) => arn === reference || nameOf(arn) === nameOf(reference));
  if (exact !== undefined) return exact;

  const ofType = deployed.filter((resource) => resource.type === type);
  const logicalId = reference.replaceAll('/', '');
  const matches =
    [
      ofType.filter((resource) => resource.logicalId === logicalId),
      ofType.filter((resource) => resource.logicalId.replace(CDK_HASH, '') === logicalId),
      ofType.filter((resource) => resource.logicalId.startsWith(logicalId)),
    ].find((found) => found.length > 0) ?? [];
  const [match] = matches;
  const arn = match && arnOf(match.physicalId);
  if (matches.length === 1 && arn !== undefined) return arn;

  const known = [
    ...ofType.map((resource) => `${resource.logicalId} (${resource.stack})`),
    ...arns.map(nameOf).filter((name) => !ofType.some(({ physicalId }) => physicalId.includes(name))),
  ];
  throw new UnknownResourceError(
    matches.length > 1
      ? `"${reference}" could be any of these: ${matches.map((each) => each.logicalId).join(', ')}. Give more of its logical id.`
      : `There is no ${kind} "${reference}". There are: ${known.join(', ') || 'none; deploy an assembly or create one first'}.`,
  );
}

/** The last part of an ARN, URL or plain name. */
function nameOf(reference: string): string {
  return reference.split(/[:/]/).at(-1) ?? reference;
}
