-- What pandoc does not know of the book's Markdown, for the EPUB and the slides:
-- tabs, titles of callouts, references to figures, links to chapters, pictures
-- by their path from the root. DEEPTWINS_UP names the way from the result to it.

local up = os.getenv("DEEPTWINS_UP") or ""
local kinds = { fig = "Figure", tbl = "Table", sec = "Section", eq = "Equation" }

local function from_root(path)
  return (path:gsub("^/", up))
end

local function titled(heading, classes)
  return pandoc.Div({ pandoc.Para({ pandoc.Strong(heading.content) }) }, { class = classes })
end

-- A tab becomes a box with its title, a callout's heading a line in bold.
function Div(div)
  if div.classes:includes("panel-tabset") then
    local panes = pandoc.List()
    for _, block in ipairs(div.content) do
      if block.t == "Header" then
        panes:insert(titled(block, "pane"))
      elseif #panes > 0 then
        panes[#panes].content:insert(block)
      end
    end
    div.content = panes
    return div
  end
  local first = div.content[1]
  if first and first.t == "Header" and div.attr.classes:find_if(function(name)
    return name:match("^callout%-")
  end) then
    div.content[1] = titled(first, "callout-title")
    return div
  end
end

function Image(image)
  image.src = from_root(image.src)
  if image.attributes["fig-alt"] then
    image.caption = image.attributes["fig-alt"]
    image.attributes["fig-alt"] = nil
  end
  return image
end

function Cite(cite)
  local kind, rest = cite.citations[1].id:match("^(%a+)(%-.+)$")
  if kinds[kind] then return pandoc.Link(kinds[kind], "#" .. kind .. rest) end
end

function Link(link)
  local chapter, place = link.target:match("([%w_]+)%.qmd(#?.*)$")
  if chapter then link.target = place ~= "" and place or "#ch-" .. chapter end
  return link
end

-- Raw HTML belongs to the website alone: its links lead to what lies beside it.
function RawBlock() return {} end
