import { forbidden } from "../scim/error.ts";
import { checkedBefore } from "./before.ts";
import type { Gateway } from "./gateway.ts";

/** A gateway that lets a caller do what it may: all else is 403. What is refused is not looked at. */
export const withPermissions = (gateway: Gateway): Gateway =>
  checkedBefore(gateway, ({ action, type, context: { allows, caller } }) => {
    if (!allows(type, action)) throw forbidden(`The caller ${caller ?? "without a name"} may not ${action} ${type}.`);
  });
