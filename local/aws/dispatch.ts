/**
 * One call to one service: may its caller do this, and is there a fault to inject? The endpoint comes through here, and so does
 * every service that calls another one.
 */
import type { AwsContext, AwsService, Caller } from './context.ts';
import { AwsError } from './errors.ts';
import type { FaultEffect } from './faults.ts';

/** Thrown when the call had its effect but its answer must not reach the caller. The endpoint cuts the socket. */
export class ResponseDropped extends Error {
  override readonly name = 'ResponseDropped';
}

/** Calls `service`; rejects with an AwsError, or with {@link ResponseDropped} when a fault says so. */
export async function callService(
  context: AwsContext,
  service: AwsService,
  action: string,
  input: Record<string, unknown>,
  caller: Caller,
  signal?: AbortSignal,
): Promise<unknown> {
  while (context.outage) await context.outage;
  authorizeCall(context, service, action, input, caller);
  const fault = context.faults.next({ service: service.name, action, input });
  if (fault === undefined) return service.handle(action, input, caller, signal);

  context.events.emit({
    kind: 'fault',
    service: service.name,
    resourceArn: '',
    detail: { action, effect: fault.kind },
  });
  const refusal = faultError(fault);
  if (refusal) throw refusal;
  if (fault.kind === 'delay') {
    await new Promise<void>((resolve) => context.clock.setTimeout(resolve, fault.milliseconds));
  }
  if (fault.kind === 'fail-entries') {
    const call = (remaining: Record<string, unknown>) => service.handle(action, remaining, caller, signal);
    return failEntries(input, fault, () => context.faults.random(), call);
  }
  const output = await service.handle(action, input, caller, signal);
  if (fault.kind === 'drop-response') {
    throw new ResponseDropped(`The answer to ${service.name}.${action} was dropped`);
  }
  return output;
}

/**
 * Throws what AWS answers when the caller may not make the call. For calls that do not come through `callService`,
 * such as typed methods that one service calls of another.
 */
export function authorizeCall(
  context: AwsContext,
  service: AwsService,
  action: string,
  input: Record<string, unknown>,
  caller: Caller,
): void {
  context.authorizer?.authorize(service.name, caller, service.authorization?.(action, input) ?? []);
}

/** The error of a fault that refuses the whole call, if it is one. */
export function faultError(fault: FaultEffect): AwsError | undefined {
  if (fault.kind === 'throttle') {
    return new AwsError('ThrottlingException', 'Rate exceeded (injected fault)', 400, {
      queryCode: 'Throttling',
    });
  }
  if (fault.kind === 'fail') {
    return new AwsError(
      fault.code,
      fault.message ?? `${fault.code} (injected fault)`,
      fault.httpStatus ?? 500,
    );
  }
  return undefined;
}

type Entry = Record<string, unknown>;

/** Takes a share of the entries out of a batch call, runs the rest, and reports the ones taken out as failed. */
async function failEntries(
  input: Record<string, unknown>,
  fault: { readonly share: number; readonly code?: string },
  random: () => number,
  call: (input: Record<string, unknown>) => Promise<unknown>,
): Promise<unknown> {
  const member = 'PublishBatchRequestEntries' in input ? 'PublishBatchRequestEntries' : 'Entries';
  const entries = input[member];
  if (!Array.isArray(entries)) return call(input);

  const code = fault.code ?? 'InternalFailure';
  const message = `${code} (injected fault)`;
  const fails = (entries as Entry[]).map(() => random() < fault.share);
  const passed = (entries as Entry[]).filter((_, index) => !fails[index]);
  const output = (passed.length > 0 ? await call({ ...input, [member]: passed }) : {}) as Entry;

  if (entries.some((entry: Entry) => 'Id' in entry)) {
    const failed = (entries as Entry[])
      .filter((_, index) => fails[index])
      .map((entry) => ({ Id: entry['Id'], Code: code, Message: message, SenderFault: false }));
    return {
      ...output,
      Successful: output['Successful'] ?? [],
      Failed: [...((output['Failed'] as Entry[] | undefined) ?? []), ...failed],
    };
  }
  // EventBridge: one answer per entry, by position.
  const answers = ((output['Entries'] as Entry[] | undefined) ?? []).values();
  const results = fails.map((failed) =>
    failed ? { ErrorCode: code, ErrorMessage: message } : (answers.next().value ?? {}),
  );
  return {
    ...output,
    Entries: results,
    FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
  };
}
