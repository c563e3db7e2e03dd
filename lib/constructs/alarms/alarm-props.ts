/** What every construct with alarms takes, and how urgent an alarm is. */
import type { ITopic } from 'aws-cdk-lib/aws-sns';

/**
 * `critical`: a message is lost, or will be if nobody acts; somebody is woken. `warning`: it can wait for the morning.
 * It is the first word of the alarm's description, in capitals, and so of every notification.
 */
export type AlarmSeverity = 'critical' | 'warning';

export interface AlarmProps {
  /**
   * Where the alarms of this construct go.
   * @default - the AlertTopic of the stack, else the only one of the application
   */
  readonly alertTopic?: ITopic;
  /**
   * `'none'` refuses every alarm of this construct: whoever does so watches its hops in another way.
   * @default 'all'
   */
  readonly alarms?: 'all' | 'none';
}
