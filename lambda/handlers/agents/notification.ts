/** Agent `notification` behind a queue. */
export { notification as handler } from '../../agents/notification.ts';
