/** Lambda's API actions in the JSON shapes of its API reference, on top of the typed service. */
import { actionNamed } from '../actions.ts';
import type { Caller } from '../context.ts';
import { invalid, reference, type Action, type ActionEnvironment, type ActionInput } from './action-input.ts';
import { FUNCTION_ACTIONS } from './function-actions.ts';
import { MAPPING_ACTIONS } from './mapping-actions.ts';
import { VERSION_ACTIONS } from './version-actions.ts';

const INVOCATION_TYPES = ['RequestResponse', 'Event', 'DryRun'] as const;

/** @throws AwsError, `UnknownOperationException` for an action this Lambda does not have. */
export async function handleAction(
  environment: ActionEnvironment,
  action: string,
  input: ActionInput,
  caller: Caller,
): Promise<unknown> {
  return actionNamed(ACTIONS, 'Lambda', action)(environment, input, caller);
}

const ACTIONS: Readonly<Record<string, Action>> = {
  ...FUNCTION_ACTIONS,
  ...VERSION_ACTIONS,
  ...MAPPING_ACTIONS,
  async Invoke({ service }, input) {
    const type = INVOCATION_TYPES.find((each) => each === (input['InvocationType'] ?? 'RequestResponse'));
    if (type === undefined) {
      throw invalid(
        `1 validation error detected: Value '${JSON.stringify(input['InvocationType'])}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, Event, DryRun]`,
      );
    }
    const result = await service.invokeJson(reference(input), payloadText(input['Payload']), {
      type,
      tailsLog: input['LogType'] === 'Tail',
    });
    return {
      StatusCode: result.statusCode,
      ...(result.payload !== undefined && { Payload: result.payload, ExecutedVersion: result.version }),
      ...(result.error && { FunctionError: 'Unhandled' }),
      ...(result.logTail !== undefined && { LogResult: Buffer.from(result.logTail).toString('base64') }),
    };
  },
};

/** The event of an `Invoke` as JSON; no event is an empty object. */
function payloadText(payload: unknown): string {
  if (payload instanceof Uint8Array) return Buffer.from(payload).toString('utf8') || '{}';
  return typeof payload === 'string' && payload !== '' ? payload : '{}';
}
