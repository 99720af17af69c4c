// What every page needs besides Tabler and htmx.
import { followSignIn, stopAsking } from "./site/partial-updates.js";
import { forgetOnSignOut } from "./site/sign-out.js";

followSignIn();
stopAsking();
forgetOnSignOut();
