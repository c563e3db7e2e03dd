/** Step Functions: transitions of standard executions. Express ones are priced by time and memory, and left out. */
import { isRecord, parseObject } from '../../json.ts';
import type { Resource } from '../../assembly/index.ts';
import type { EstimateContext } from '../context.ts';
import { MONTH_SECONDS } from '../load.ts';
import type { TrafficFlow } from '../flow.ts';
import { linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

export function stateMachineCost(context: EstimateContext): readonly CostLine[] {
  return context.assembly.ofType('AWS::StepFunctions::StateMachine').flatMap((machine) => {
    if (machine.properties['StateMachineType'] === 'EXPRESS') return [];
    const perSecond = executionsOf(context, machine, context.average) * transitionsOf(machine);
    return linesOf(context, machine, [
      {
        service: 'Step Functions',
        item: 'transitions',
        priceItem: 'stateTransitions',
        idle: 0,
        load: (perSecond * MONTH_SECONDS) / MILLION,
      },
    ]);
  });
}

/** One execution per event of who starts them. */
export function executionsOf(
  { topology, nodeIdOf }: EstimateContext,
  machine: Resource,
  flow: TrafficFlow,
): number {
  const id = nodeIdOf(machine);
  const starters = new Set(
    topology.edges.flatMap((edge) => (edge.kind === 'starts' && edge.to === id ? [edge.from] : [])),
  );
  return [...starters].reduce((sum, starter) => sum + flow.into(starter).perSecond, 0);
}

/** Of one execution that succeeds: its start, and each state on the way from the first by `Next`. */
export function transitionsOf({ properties }: Resource): number {
  const text = properties['DefinitionString'];
  const definition = typeof text === 'string' ? parseObject(text) : properties['Definition'];
  if (!isRecord(definition) || !isRecord(definition['States'])) return 1;
  const states = definition['States'];
  const visited = new Set<string>();
  let name = definition['StartAt'];
  while (typeof name === 'string' && !visited.has(name)) {
    visited.add(name);
    const state: unknown = states[name];
    // A choice goes on by its default: the branches are for what went wrong, or is skipped.
    name = isRecord(state) ? (state['Next'] ?? state['Default']) : undefined;
  }
  return visited.size + 1;
}
