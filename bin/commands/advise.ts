/** `waybill advise`: by what is measured, whether to stay on PostgreSQL or to go to Redis Streams or SNS/SQS. */
import { agentsConfig, environmentConfig } from '../../lib/config/index.ts';
import { readMetrics } from '../advise/read-metrics.ts';
import { readStage } from '../advise/read-stage.ts';
import { reportOf } from '../advise/report.ts';
import { adviceText } from '../advise/text.ts';
import { thresholdsFrom } from '../advise/thresholds.ts';
import type { Needs } from '../advise/thresholds.ts';
import { CommandError } from '../command-error.ts';

export interface AdviseOptions {
  /** An address, a file, or `-`. */
  readonly metrics?: string;
  /** Instead: an environment that is deployed. */
  readonly stage?: string;
  /** Whose sizes the costs are of. By default the stage, else `prod`. */
  readonly env?: string;
  /** Whose prices. */
  readonly region?: string;
  readonly threshold: readonly string[];
  readonly needs: readonly string[];
  readonly regions?: number;
  readonly json?: boolean;
}

const NEEDS = ['ordering', 'guaranteed-delivery'] as const;
const NO = 'no-';

/**
 * @throws CommandError WAYBILL_ADVICE_SOURCE, WAYBILL_NEED_UNKNOWN, WAYBILL_THRESHOLD_INVALID, WAYBILL_METRICS_UNREADABLE,
 * WAYBILL_METRICS_UNKNOWN, WAYBILL_STAGE_NOT_MEASURED; ConfigError for an unknown environment
 */
export async function advise(options: AdviseOptions): Promise<void> {
  const { metrics, stage, region } = options;
  if ((metrics === undefined) === (stage === undefined)) {
    throw new CommandError('WAYBILL_ADVICE_SOURCE', 'advice needs figures from one place', {
      fix: 'give --metrics with an address, a file or -, or --stage with an environment',
    });
  }
  // What costs nothing to find out comes first.
  const thresholds = thresholdsFrom(options.threshold);
  const needs = needsFrom(options);
  const environment = options.env ?? stage ?? 'prod';
  const sizes = agentsConfig(environmentConfig(environment));
  const measured =
    metrics === undefined
      ? await readStage(stage!)
      : await readMetrics(metrics, process.env['WAYBILL_TOKEN']);
  const report = reportOf(measured, { environment, sizes, needs, thresholds, region });
  process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : adviceText(report));
}

/** `ordering` says that it is needed, `no-ordering` that it is not; who says nothing leaves it open. */
function needsFrom({ needs, regions }: AdviseOptions): Needs {
  const told = (name: string): boolean | undefined =>
    needs.includes(name) ? true : needs.includes(`${NO}${name}`) ? false : undefined;
  const unknown = needs.find((one) => !NEEDS.some((name) => one === name || one === `${NO}${name}`));
  if (unknown !== undefined) {
    throw new CommandError('WAYBILL_NEED_UNKNOWN', `"${unknown}" is no need`, {
      fix: `give one or more of ${NEEDS.flatMap((name) => [name, NO + name]).join(', ')}`,
    });
  }
  return { ordering: told('ordering'), guaranteedDelivery: told('guaranteed-delivery'), regions };
}
