/** Finds what runs an action in a service's table of actions. */
import { unknownOperation } from './errors.ts';

/** @throws AwsError UnknownOperationException */
export function actionNamed<Action>(
  actions: Readonly<Record<string, Action>>,
  service: string,
  name: string,
): Action {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw unknownOperation(service, name);
  return action;
}
